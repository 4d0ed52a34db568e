#!/bin/sh
# Builds the layer of pipeline_report.c into FOLDER, which VK_LAYER_PATH then names: build.sh FOLDER
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
: "${1:?Name the folder to build into: build.sh FOLDER}"
mkdir -p "$1"
folder=$(CDPATH='' cd -- "$1" && pwd)
gcc -O1 -Wall -Werror -shared -fPIC -fvisibility=hidden -o "$folder/libpipeline_report.so" "$here/pipeline_report.c"
cat > "$folder/pipeline_report.json" << END
{
  "file_format_version": "1.2.0",
  "layer": {
    "name": "VK_LAYER_DIPTYCH_pipeline_report",
    "type": "GLOBAL",
    "library_path": "$folder/libpipeline_report.so",
    "api_version": "1.3.0",
    "implementation_version": "1",
    "description": "Writes what the driver says of each compute pipeline"
  }
}
END
