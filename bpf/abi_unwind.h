/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind tables as both sides of the kernel boundary see them: rules, rows, where a file's rows are, and which file is
 * mapped where in a process. Userspace writes all of it, through mappings; the kernel side only reads.
 */
#ifndef PROFOUND_ABI_UNWIND_H
#define PROFOUND_ABI_UNWIND_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * Rules: how to get from a frame to its caller, told by CFI (DWARF 5, section 6.4; System V ABI, AMD64
 * supplement, 3.7) or Go's pclntab. A rule that fits none of these forms is CFA_UNSUPPORTED, never a guess.
 * Rules are shared by all files and have ids; a table's row is {where it starts, rule id}.
 */
enum abi_cfa {
	CFA_NONE,        /* nothing is known: no table covers the PC */
	CFA_UNSUPPORTED, /* there is a rule, and this struct cannot hold it */
	CFA_END,         /* the return address is undefined: outermost frame */
	CFA_REGISTER,    /* reg + cfa_offset */
	CFA_MEMORY,      /* *(reg + cfa_offset [+ 8 index]) + cfa_add: DRAP, and assembly that keeps the old rsp on the
			  * stack */
	CFA_PLT,         /* rsp + cfa_offset + ((ip & 15) >= cfa_add ? 8 : 0) */
	CFA_OTHER_STACK, /* reg + cfa_offset, and it may be another stack's: Go's g0 and its goroutines */
	CFA_SIGNAL,      /* all registers are in the ucontext at rsp (x86-64: gregs at rsp + 40) */
};

enum abi_saved {
	SAVED_SAME,      /* rbp is still in rbp */
	SAVED_CFA,       /* at CFA + offset */
	SAVED_MEMORY,    /* at rbp + offset (rbp as it is in this frame) */
	SAVED_STACK,     /* at rsp + offset (as it is in this frame) */
	SAVED_UNDEFINED, /* lost; a caller whose CFA needs it cannot be unwound */
};

struct abi_rule {
	__u8 cfa; /* enum abi_cfa */
	__u8 reg; /* DWARF number: 6 rbp, 7 rsp, 10 r10, ... */
	__u8 rbp; /* enum abi_saved */
	__u8 ra_reg; /* 0: the return address is in memory; else in the register of this number less 1 (vfork) */
	__s32 cfa_offset;
	__s16 cfa_add;
	__s16 rbp_offset;
	__s16 ra_offset; /* the return address is at CFA + this: -8 but in odd assembly */
	__u8 index; /* CFA_MEMORY: 0, or 1 + the number of a register that counts words */
	__u8 pad;
};

_Static_assert(sizeof(struct abi_rule) == 16, "abi_rule");

#define ABI_RULES 16384 /* ids are below; 0, 1 and 2 are CFA_NONE, CFA_UNSUPPORTED and CFA_END */

/*
 * A file's rows: ELF virtual address order, in pages of up to ABI_ROWS rows that span less than 64 KiB from the
 * page's base. A row holds until the next one; unused rows at a page's end are ABI_ROW_UNUSED and are never found
 * (no row has offset 0xffff: a page is cut before). A page's first row has offset 0.
 */
#define ABI_ROWS 512
#define ABI_ROW_UNUSED 0xffffU

struct abi_row {
	__u16 offset; /* from the page's base */
	__u16 rule;
};

_Static_assert(sizeof(struct abi_row) == 4, "abi_row");

/* Pages are kept in chunks, one BPF array each; a page's number is chunk * ABI_CHUNK_PAGES + index. */
#define ABI_CHUNK_PAGES 128
#define ABI_CHUNKS 1024 /* at most: 256 MiB */

/*
 * All that is smaller is in one arena of 8-byte words; a place in it is a word's index, 0 is none. Of a file there are
 * its pages in order, ended by one whose base is ABI_PAGES_END, and (u32) for each block of 4 KiB the index of the
 * page that its first byte is in. With 512 rows to a page, at most ABI_BLOCK_PAGES pages begin in a block.
 */
struct abi_page {
	__u32 base; /* from the first page's */
	__u32 number;
};

#define ABI_PAGES_END 0xffffffffU
#define ABI_BLOCK_SHIFT 12
#define ABI_BLOCK_PAGES ((1 << ABI_BLOCK_SHIFT) / ABI_ROWS)

enum abi_map_kind {
	MAP_DEFER, /* a file whose table is not there: userspace unwinds the sample */
	MAP_TABLE,
	MAP_BARE, /* code without unwind information: made at run time, or a file that has none */
};

/* What is mapped somewhere. An address + bias is relative to the first page's base. */
struct abi_map {
	__u64 start, end;
	__u64 bias;
	__u32 pages;  /* place */
	__u32 blocks; /* place */
	__u32 n_blocks;
	__u32 kind; /* enum abi_map_kind */
};

/*
 * The executable mappings of one process at one time. Never changed once published, but for its flags: another one
 * takes its place. Behind it are `size` starts (u64, ascending, unused ones ABI_START_UNUSED) and as many struct
 * abi_map.
 */
enum abi_space_flags {
	SPACE_LOOSE = 1,    /* the process changes its mappings all the time: go by the mappings that are known */
	SPACE_COMPLETE = 2, /* an address outside of them is no code until exec_vm changes: userspace had looked */
};

struct abi_space {
	__u64 start_ns;
	__u64 mm_state; /* abi_entry.mm_state of that time */
	__u32 tgid;
	__u32 exec;
	__u32 version; /* never used twice */
	__u32 size;    /* a power of two, at most ABI_SPACE_MAPS */
	__u32 flags;   /* enum abi_space_flags */
	__u32 owner;   /* userspace's index */
};

#define ABI_SPACE_STEPS 10
#define ABI_SPACE_MAPS (1 << ABI_SPACE_STEPS)
#define ABI_START_UNUSED 0x7fffffffffffffffULL

_Static_assert(sizeof(struct abi_page) == 8, "abi_page");
_Static_assert(sizeof(struct abi_map) == 40, "abi_map");
_Static_assert(sizeof(struct abi_space) == 40, "abi_space");

/* Published spaces: a hash table of words, tag << 32 | place; a space is in one of ABI_SPACE_PROBES from its home on. */
#define ABI_SPACE_SLOTS 8192
#define ABI_SPACE_PROBES 8

/* Behind the arena's last word, so that a struct at any place is inside. */
#define ABI_ARENA_SLACK 64

#endif
