//! The processor in words.

/// Such as `AMD EPYC 9354 32-Core Processor (AVX2, FMA, AVX-512, AVX-512 VNNI; 2 threads)`.
pub fn cpu_name() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plural = if threads == 1 { "" } else { "s" };
    let features = match features().as_slice() {
        [] => String::new(),
        features => features.join(", ") + "; ",
    };
    format!("{} ({features}{threads} thread{plural})", brand().unwrap_or_else(|| std::env::consts::ARCH.into()))
}

#[cfg(target_arch = "x86_64")]
fn brand() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    // Leaves 0x80000002 to 0x80000004 hold 48 characters where leaf 0x80000000 says that they exist.
    if __cpuid(0x8000_0000).eax < 0x8000_0004 {
        return None;
    }
    let bytes: Vec<u8> = (0x8000_0002..=0x8000_0004)
        .map(__cpuid)
        .flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx])
        .flat_map(u32::to_le_bytes)
        .filter(|&byte| byte != 0)
        .collect();
    let name = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(target_arch = "x86_64"))]
fn brand() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.to_lowercase().starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Instruction sets that kernels choose by, where the processor has them and another is not used in their place.
fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let known = {
        use std::arch::is_x86_feature_detected as has;
        let vnni = has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni");
        [
            ("AVX2", has!("avx2")),
            ("FMA", has!("fma")),
            ("AVX-512", has!("avx512f")),
            ("AVX-512 VNNI", vnni),
            ("AVX-VNNI", !vnni && has!("avxvnni")),
            ("AVX-512 BF16", crate::bfloat16::unit() == Some(crate::bfloat16::Unit::Vectors)),
            ("AMX BF16", crate::amx::products().bf16),
            ("AMX INT8", crate::amx::products().int8),
        ]
    };
    #[cfg(target_arch = "aarch64")]
    let known =
        [("NEON", std::arch::is_aarch64_feature_detected!("neon")), ("DotProd", std::arch::is_aarch64_feature_detected!("dotprod"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let known: [(&str, bool); 0] = [];
    known.into_iter().filter(|feature| feature.1).map(|feature| feature.0).collect()
}
