#!/usr/bin/env bash
# Test with several processes on one or more machines.
# Usage: tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n 2,3p "$0" | cut -c3- >&2
    exit 2
fi
config=$1
checkpoint=$2
processes=$3
here="$(dirname "$0")"
PYTHONPATH="$here/..:${PYTHONPATH:-}" "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/test.py" "$config" "$checkpoint" --launcher pytorch "${@:4}"
