#!/usr/bin/env bash
# Runs the GPU benchmarks from a bundle (gpu-bundle.ts) on a machine without a network. Run in the root of a checkout:
#   bash apps/cli/bench/gpu-offline.sh BUNDLE OUT PART [options of the part]
# PART: check     what there is: adapter, features, shaders, the products at one size
#       tune      choose tiles by measuring; the table is written to the checkout and copied to OUT
#       products  4096 and 8192 against PyTorch
#       networks  ResNet-50, ViT-B/32 and ViT-L/14 against PyTorch and onnxruntime-node
#       jpeg      JPEG files to scores of ViT-L/14 against a PyTorch DataLoader
# Each is meant to end within ten minutes. What is printed also goes to OUT/PART.txt. A table of tiles from an earlier call
# is taken from BUNDLE/tuned-tiles.json where it is there. PYTHON names the Python with PyTorch, python3 if unset.
set -euo pipefail
bundle="$1" out="$2" part="$3"
shift 3
python="${PYTHON:-python3}"
tiles=packages/gpu-kernels/src/kernels/conv2d/tuned-tiles.json
mkdir -p "$out"

unpack() {
  for archive in "$bundle"/*.tar.xz; do
    tar -xJf "$archive" 2>/dev/null || "$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall()' "$archive"
  done
  mkdir -p node_modules/@diptych
  for package in packages/plugin-kit packages/core packages/gpu-kernels packages/plugins; do
    ln -sfn "../../$package" "node_modules/@diptych/$(basename "$package")"
  done
  for package in "$bundle"/*.deb; do
    [ -e "$package" ] && dpkg -x "$package" /
  done
  ldconfig 2>/dev/null || true # not root: the loader is there or it is not
}

[ -x node_modules/node-runtime/bin/node ] || unpack
[ -e "$bundle/tuned-tiles.json" ] && cp "$bundle/tuned-tiles.json" "$tiles"
export PATH="$PWD/node_modules/node-runtime/bin:$PATH"

run() {
  case "$part" in
    check)
      node packages/gpu-kernels/src/check-adapter.ts
      node packages/gpu-kernels/src/check-shaders.ts
      node apps/cli/bench/gpu.bench.ts --only products --sizes 1024 --tiles --rounds 5 --python "$python" "$@"
      ;;
    tune)
      trap 'cp "$tiles" "$out/tuned-tiles.json"' EXIT # what was measured until then, if time is up
      node apps/cli/bench/gpu-tune.ts "$@"
      ;;
    products) node apps/cli/bench/gpu.bench.ts --only products --python "$python" "$@" ;;
    networks) node apps/cli/bench/gpu.bench.ts --only networks --python "$python" "$@" ;;
    jpeg) node apps/cli/bench/jpeg-to-scores.bench.ts --python "$python" "$@" ;;
    *)
      echo "Expected check, tune, products, networks or jpeg, got $part." >&2
      return 2
      ;;
  esac
}
run "$@" 2>&1 | tee "$out/$part.txt"
