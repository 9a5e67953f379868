// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adds a walked stack to this CPU's bank of the current generation: counts up the entry of an equal one, or makes
 * a new entry and copies the frames. Tells userspace, out of turn, of a process that is new and of a bank that
 * fills up.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "notice.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* settings.banks */
	__type(key, __u32);
	__type(value, struct abi_bank);
} banks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* banks * settings.slots */
	__type(key, __u32);
	__type(value, struct abi_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* banks * settings.entries */
	__type(key, __u32);
	__type(value, struct abi_entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* banks */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, ABI_STACK_WORDS * 8); /* (settings.words + ABI_STACK_WORDS) * 8 */
} words SEC(".maps");

/* 128 bits over the frames and everything else of the key. */
inline_always void hash_key(const struct walk *walk, struct abi_entry *key)
{
	const __u64 *comm = (const __u64 *)key->comm;
	__u64 a = mix(walk->hash[0], key->start_ns, MIX_A);
	__u64 b = mix(walk->hash[1], (__u64)key->exec << 32 | key->tgid, MIX_B);

	a = mix(a, (__u64)key->cut << 32 | key->flags << 16 | key->n_kernel, MIX_A);
	a = mix(a, comm[0], MIX_A);
	b = mix(b, comm[1], MIX_B);
	b = mix(b, (__u64)key->space << 32 | key->space_version, MIX_B);
	b = mix(b, key->cgroup, MIX_B);
	a = mix(a, key->tid, MIX_A);
	a = mix(a, walk->runtime.hash[0], MIX_A);
	b = mix(b, walk->runtime.hash[1], MIX_B);
	b = mix(b, (__u64)key->runtime_cut << 32 | key->runtime << 16 | key->n_runtime, MIX_B);
	key->hash[0] = mix(a, b, MIX_B);
	key->hash[1] = mix(b, walk->n_frames, MIX_A);
}

inline_always void make_key(const struct walk *walk, struct abi_entry *key)
{
	key->start_ns = walk->start_ns;
	key->tgid = walk->tgid;
	key->exec = walk->exec;
	key->tid = walk->tid;
	key->n_kernel = walk->n_kernel;
	key->n_user = walk->n_frames - walk->n_kernel;
	key->by_fp = walk->by_fp;
	key->cut = walk->cut;
	key->flags = walk->flags;
	key->space = walk->space;
	key->space_version = walk->version;
	key->cgroup = compat_cgroup_id();
	key->n_runtime = walk->runtime.n;
	key->runtime = walk->runtime.kind;
	key->runtime_cut = walk->runtime.cut;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	hash_key(walk, key);
}

inline_always bool same_key(const struct abi_entry *entry, const struct abi_entry *key)
{
	const __u64 *a = (const __u64 *)entry->comm, *b = (const __u64 *)key->comm;

	return entry->hash[0] == key->hash[0] && entry->hash[1] == key->hash[1] &&
	       entry->start_ns == key->start_ns && entry->tgid == key->tgid &&
	       entry->exec == key->exec && entry->cgroup == key->cgroup && a[0] == b[0] && a[1] == b[1];
}

/* False: it was lost, and that was counted. */
inline_always void notice_fill(const struct walk *walk, struct abi_bank *bank)
{
	if (bank->noticed)
		return;
	if (bank->entries < settings.entries / 2 && bank->words < settings.words / 2)
		return;
	bank->noticed = notice(walk, NOTICE_FILL);
}

/* The runtime's frames. False: they are not there. */
inline_always bool copy_runtime(const struct walk *walk, char *to)
{
	__u32 zero = 0, n = walk->runtime.n;
	const struct runtime_frames *from = bpf_map_lookup_elem(&runtime_frames, &zero);

	if (!n)
		return true;
	if (!from || n > ABI_RUNTIME_FRAMES)
		return false;
	return !bpf_probe_read_kernel(to, n * sizeof(from->frame[0]), from);
}

/* The index of a new entry with a copy of the frames, or -1: no room. */
inline_always int new_entry(
	const struct walk *walk, struct abi_bank *bank, __u32 number, struct abi_entry *key)
{
	__u32 index = bank->entries, at = bank->words, n = walk->n_frames;
	__u32 all = n + 2 * walk->runtime.n;
	__u32 position = number * settings.entries + index;
	struct abi_entry *entry = bpf_map_lookup_elem(&entries, &position);
	char *frames = bpf_map_lookup_elem(&words, &number);

	if (!entry || !frames || n > ABI_FRAMES)
		return -1;
	if (index >= settings.entries || at + all > settings.words)
		return -1;
	bpf_probe_read_kernel(
		frames + (at & (settings.words - 1)) * sizeof(__u64), n * sizeof(__u64), walk->frames);
	frames += ((at & (settings.words - 1)) + n) * sizeof(__u64);
	if (!copy_runtime(walk, frames))
		return -1;
	key->word = at;
	*entry = *key;
	bank->words = at + all;
	bank->entries = index + 1;
	return index;
}

/* Counts the sample in the bank. False: no room. */
inline_always bool add(
	const struct walk *walk, struct abi_bank *bank, __u32 number, struct abi_entry *key)
{
	__u32 tag = key->hash[1] >> 32, home = key->hash[1];

	for (__u32 probe = 0; probe < ABI_PROBES; probe++) {
		__u32 position = number * settings.slots + ((home + probe) & (settings.slots - 1));
		struct abi_slot *slot = bpf_map_lookup_elem(&slots, &position);
		struct abi_entry *entry;
		__u32 at;

		if (!slot)
			return false;
		if (!slot->entry) {
			int index = new_entry(walk, bank, number, key);

			if (index < 0)
				return false;
			slot->tag = tag;
			slot->entry = index + 1;
			notice_process(walk);
			return true;
		}
		if (slot->tag != tag)
			continue;
		at = number * settings.entries + slot->entry - 1;
		entry = bpf_map_lookup_elem(&entries, &at);
		if (!entry || !same_key(entry, key))
			continue;
		entry->count++;
		entry->last_ns = key->last_ns;
		entry->mm_state = key->mm_state;
		return true;
	}
	return false;
}

SEC("perf_event")
int emit(struct bpf_perf_event_data *ctx)
{
	struct abi_entry key = {.count = 1};
	struct abi_bank *bank;
	__u32 zero = 0, number;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	if (!walk)
		return 0;
	make_key(walk, &key);
	key.first_ns = key.last_ns = bpf_ktime_get_ns();
	key.mm_state = walk->mm_state;
	number = walk->cpu * 2 + (generation & 1);
	bank = bpf_map_lookup_elem(&banks, &number);
	if (!bank) {
		count(walk->cpu, COUNTER_stack_table_full);
		return 0;
	}
	if (add(walk, bank, number, &key))
		count(walk->cpu, COUNTER_taken);
	else
		count(walk->cpu, COUNTER_stack_table_full);
	notice_fill(walk, bank);
	return 0;
}
