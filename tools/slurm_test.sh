#!/usr/bin/env bash
# Test under Slurm. GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS are read.
# Usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 4 ]; then
    sed -n 2,3p "$0" | cut -c3- >&2
    exit 2
fi
gpus=${GPUS:-4}
per_node=${GPUS_PER_NODE:-$gpus}
here="$(dirname "$0")"
# SRUN_ARGS is a list of words on purpose.
# shellcheck disable=SC2086
PYTHONPATH="$here/..:${PYTHONPATH:-}" srun -p "$1" \
    --job-name="$2" \
    --gres="gpu:$per_node" \
    --ntasks="$gpus" \
    --ntasks-per-node="$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$here/test.py" "$3" "$4" --launcher=slurm "${@:5}"
