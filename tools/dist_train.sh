#!/usr/bin/env bash
# Train with several processes on one or more machines.
# Usage: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
set -euo pipefail
if [ $# -lt 2 ]; then
    sed -n 2,3p "$0" | cut -c3- >&2
    exit 2
fi
config=$1
processes=$2
here="$(dirname "$0")"
PYTHONPATH="$here/..:${PYTHONPATH:-}" "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/train.py" "$config" --launcher pytorch "${@:3}"
