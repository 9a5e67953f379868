// SPDX-License-Identifier: GPL-2.0-or-later
#include "maps.bpf.h"
#include "notice.bpf.h"
#include "runtime.bpf.h"

const volatile struct abi_settings settings = {};
volatile __u32 generation = 0;
volatile __u32 runtime_epoch = 1;

struct map_arena arena SEC(".maps");
struct map_counters counters SEC(".maps");
struct map_walks walks SEC(".maps");
struct map_runtime_frames runtime_frames SEC(".maps");
struct map_stages stages SEC(".maps");
struct map_members members_tgid SEC(".maps");
struct map_members members_tid SEC(".maps");
struct map_notices notices SEC(".maps");
struct map_known known SEC(".maps");
struct map_cpythons cpythons SEC(".maps");
struct map_programs programs SEC(".maps");
struct map_hosts hosts SEC(".maps");
struct map_runtimes runtimes SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
