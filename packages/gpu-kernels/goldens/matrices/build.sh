#!/bin/bash
# build.sh MESA: builds lavapipe of the sources of Mesa 25.0 in MESA with matrices of 16x16x16, and prints its driver's file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
lavapipe=src/gallium/frontends/lavapipe
cp "$here/lvp_nir_lower_matrices.c" $lavapipe/

# put FILE LINE NEW: puts NEW before the first line that is LINE, once.
put() {
  python3 - "$@" <<'PYTHON'
import sys
path, line, new = sys.argv[1:]
text = open(path).read()
if new not in text:
    if f'\n{line}' not in text:
        sys.exit(f'{path} has no line that begins with "{line}": this is for Mesa 25.0')
    open(path, 'w').write(text.replace(f'\n{line}', f'\n{new}\n{line}', 1))
PYTHON
}
put $lavapipe/meson.build "    'lvp_nir_lower_ray_queries.c'," "    'lvp_nir_lower_matrices.c',"
put $lavapipe/lvp_pipeline.c 'lvp_shader_lower(struct lvp_device' 'lvp_shader_lower(struct lvp_device *, nir_shader *, struct lvp_pipeline_layout *);
bool lvp_nir_lower_matrices(nir_shader *);
static void'
put $lavapipe/lvp_pipeline.c '   if (nir->info.stage != MESA_SHADER_TESS_CTRL)' '   NIR_PASS_V(nir, lvp_nir_lower_matrices);'
put $lavapipe/lvp_device.c '   .KHR_copy_commands2 ' '   .KHR_cooperative_matrix = true,'
put $lavapipe/lvp_device.c '      .vulkanMemoryModel = true,' '      .cooperativeMatrix = true,'
put $lavapipe/lvp_device.c '      .minSubgroupSize = ' '      .cooperativeMatrixSupportedStages = VK_SHADER_STAGE_COMPUTE_BIT,'
grep -q CooperativeMatrixProperties $lavapipe/lvp_device.c || cat >> $lavapipe/lvp_device.c <<'C'

VKAPI_ATTR VkResult VKAPI_CALL
lvp_GetPhysicalDeviceCooperativeMatrixPropertiesKHR(VkPhysicalDevice device, uint32_t *count, VkCooperativeMatrixPropertiesKHR *all)
{
   VK_OUTARRAY_MAKE_TYPED(VkCooperativeMatrixPropertiesKHR, out, all, count);
   vk_outarray_append_typed(VkCooperativeMatrixPropertiesKHR, &out, p) {
      p->MSize = p->NSize = p->KSize = 16;
      p->AType = p->BType = VK_COMPONENT_TYPE_FLOAT16_KHR;
      p->CType = p->ResultType = VK_COMPONENT_TYPE_FLOAT32_KHR;
      p->saturatingAccumulation = false;
      p->scope = VK_SCOPE_SUBGROUP_KHR;
   }
   return vk_outarray_status(&out);
}
C
# Vectors of 1024 bits, which are subgroups of 32: llvmpipe stops at 512 and at 16 of its own accord, LLVM does not.
sed -i 's/^#define LP_MAX_VECTOR_WIDTH .*/#define LP_MAX_VECTOR_WIDTH 1024/' src/gallium/auxiliary/gallivm/lp_bld_type.h
sed -i 's/cs_type.length = MIN2(lp_native_vector_width \/ 32, 16);/cs_type.length = lp_native_vector_width \/ 32;/' src/gallium/drivers/llvmpipe/lp_state_cs.c

[ -d build ] || meson setup build --buildtype=release -Dgallium-drivers=llvmpipe -Dvulkan-drivers=swrast -Dplatforms= \
  -Dglx=disabled -Degl=disabled -Dgbm=disabled -Dopengl=false -Dgles1=disabled -Dgles2=disabled -Dllvm=enabled -Dvideo-codecs= >&2
ninja -C build src/gallium/targets/lavapipe/libvulkan_lvp.so >&2
cat > build/matrices.json <<JSON
{ "ICD": { "api_version": "1.4.305", "library_path": "$PWD/build/src/gallium/targets/lavapipe/libvulkan_lvp.so" }, "file_format_version": "1.0.1" }
JSON
echo "$PWD/build/matrices.json"
