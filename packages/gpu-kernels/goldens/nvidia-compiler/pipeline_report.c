/* A Vulkan layer that writes what the driver says of each compute pipeline: numbers by VK_KHR_pipeline_executable_properties and
   the text of its compiler. A pipeline that is made while the variable PIPELINE_REPORT names a file is written there.
   Written after the loader's LoaderLayerInterface.md; one instance and one device at a time, which is what Dawn makes of it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST_EXTENSIONS 256

static PFN_vkGetInstanceProcAddr next_of_instance;
static PFN_vkGetDeviceProcAddr next_of_device;
static PFN_vkCreateComputePipelines create_compute_pipelines;
static PFN_vkGetPipelineExecutablePropertiesKHR get_properties;
static PFN_vkGetPipelineExecutableStatisticsKHR get_statistics;
static PFN_vkGetPipelineExecutableInternalRepresentationsKHR get_texts;

static void write_statistics(FILE *file, VkDevice device, const VkPipelineExecutableInfoKHR *info)
{
   VkPipelineExecutableStatisticKHR all[64];
   uint32_t count = 64;
   for (uint32_t i = 0; i < count; i++)
      all[i] = (VkPipelineExecutableStatisticKHR){.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
   get_statistics(device, info, &count, all);
   for (uint32_t i = 0; i < count; i++) {
      if (all[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR)
         fprintf(file, "%s\t%f\n", all[i].name, all[i].value.f64);
      else if (all[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR)
         fprintf(file, "%s\t%u\n", all[i].name, all[i].value.b32);
      else
         fprintf(file, "%s\t%llu\n", all[i].name, (unsigned long long)all[i].value.u64);
   }
}

/* Asked twice: first for the lengths, then for the texts. */
static void write_texts(FILE *file, VkDevice device, const VkPipelineExecutableInfoKHR *info)
{
   VkPipelineExecutableInternalRepresentationKHR all[8];
   uint32_t count = 8;
   for (uint32_t i = 0; i < count; i++)
      all[i] = (VkPipelineExecutableInternalRepresentationKHR){
         .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR};
   get_texts(device, info, &count, all);
   for (uint32_t i = 0; i < count; i++)
      all[i].pData = calloc(1, all[i].dataSize + 1);
   get_texts(device, info, &count, all);
   for (uint32_t i = 0; i < count; i++) {
      fprintf(file, "== %s\n%s\n", all[i].name, (const char *)all[i].pData);
      free(all[i].pData);
   }
}

static void report(VkDevice device, VkPipeline pipeline, const char *path)
{
   FILE *file = fopen(path, "w");
   if (file == NULL) {
      fprintf(stderr, "pipeline_report: cannot write %s; name a folder that exists\n", path);
      abort();
   }
   VkPipelineExecutablePropertiesKHR properties = {.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
   uint32_t count = 1;
   const VkPipelineInfoKHR of = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline};
   get_properties(device, &of, &count, &properties);
   fprintf(file, "Subgroup size\t%u\n", properties.subgroupSize);
   const VkPipelineExecutableInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
   write_statistics(file, device, &info);
   write_texts(file, device, &info);
   fclose(file);
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateComputePipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                                             const VkComputePipelineCreateInfo *infos,
                                                             const VkAllocationCallbacks *allocator, VkPipeline *pipelines)
{
   const char *path = getenv("PIPELINE_REPORT");
   if (path == NULL || path[0] == 0 || count != 1)
      return create_compute_pipelines(device, cache, count, infos, allocator, pipelines);
   VkComputePipelineCreateInfo info = infos[0];
   info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
   VkResult result = create_compute_pipelines(device, VK_NULL_HANDLE, 1, &info, allocator, pipelines);
   if (result == VK_SUCCESS)
      report(device, pipelines[0], path);
   return result;
}

/* The link of the chain that is ours, moved on so that the next layer or the driver finds its own. */
static void *own_link(const void *chain, VkStructureType type)
{
   for (VkLayerInstanceCreateInfo *info = (VkLayerInstanceCreateInfo *)chain; info != NULL;
        info = (VkLayerInstanceCreateInfo *)info->pNext)
      if (info->sType == type && info->function == VK_LAYER_LINK_INFO)
         return info;
   return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateInstance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                                     VkInstance *instance)
{
   VkLayerInstanceCreateInfo *link = own_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
   next_of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
   link->u.pLayerInfo = link->u.pLayerInfo->pNext;
   return ((PFN_vkCreateInstance)next_of_instance(NULL, "vkCreateInstance"))(info, allocator, instance);
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *given,
                                                   const VkAllocationCallbacks *allocator, VkDevice *device)
{
   VkLayerDeviceCreateInfo *link = own_link(given->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
   next_of_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
   PFN_vkCreateDevice create =
      (PFN_vkCreateDevice)link->u.pLayerInfo->pfnNextGetInstanceProcAddr(NULL, "vkCreateDevice");
   link->u.pLayerInfo = link->u.pLayerInfo->pNext;
   const char *names[MOST_EXTENSIONS];
   if (given->enabledExtensionCount >= MOST_EXTENSIONS)
      return VK_ERROR_TOO_MANY_OBJECTS;
   memcpy(names, given->ppEnabledExtensionNames, given->enabledExtensionCount * sizeof(names[0]));
   names[given->enabledExtensionCount] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
   VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
      .pNext = (void *)given->pNext,
      .pipelineExecutableInfo = VK_TRUE,
   };
   VkDeviceCreateInfo info = *given;
   info.pNext = &feature;
   info.ppEnabledExtensionNames = names;
   info.enabledExtensionCount = given->enabledExtensionCount + 1;
   VkResult result = create(physical, &info, allocator, device);
   if (result != VK_SUCCESS)
      return result;
#define FIND(name) (PFN_##name) next_of_device(*device, #name)
   create_compute_pipelines = FIND(vkCreateComputePipelines);
   get_properties = FIND(vkGetPipelineExecutablePropertiesKHR);
   get_statistics = FIND(vkGetPipelineExecutableStatisticsKHR);
   get_texts = FIND(vkGetPipelineExecutableInternalRepresentationsKHR);
#undef FIND
   return VK_SUCCESS;
}

static PFN_vkVoidFunction own_function(const char *name);

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL GetDeviceProcAddr(VkDevice device, const char *name)
{
   PFN_vkVoidFunction own = own_function(name);
   return own != NULL ? own : next_of_device(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL GetInstanceProcAddr(VkInstance instance, const char *name)
{
   PFN_vkVoidFunction own = own_function(name);
   return own != NULL || next_of_instance == NULL ? own : next_of_instance(instance, name);
}

static PFN_vkVoidFunction own_function(const char *name)
{
   if (strcmp(name, "vkCreateInstance") == 0) return (PFN_vkVoidFunction)CreateInstance;
   if (strcmp(name, "vkCreateDevice") == 0) return (PFN_vkVoidFunction)CreateDevice;
   if (strcmp(name, "vkCreateComputePipelines") == 0) return (PFN_vkVoidFunction)CreateComputePipelines;
   if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)GetDeviceProcAddr;
   if (strcmp(name, "vkGetInstanceProcAddr") == 0) return (PFN_vkVoidFunction)GetInstanceProcAddr;
   return NULL;
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiated)
{
   negotiated->loaderLayerInterfaceVersion = 2;
   negotiated->pfnGetInstanceProcAddr = GetInstanceProcAddr;
   negotiated->pfnGetDeviceProcAddr = GetDeviceProcAddr;
   negotiated->pfnGetPhysicalDeviceProcAddr = NULL;
   return VK_SUCCESS;
}
