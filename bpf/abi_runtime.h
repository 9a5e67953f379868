/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interpreters as both sides of the kernel boundary see them: which program is one, where its state and its frames
 * are, what the kernel side found of them. Userspace writes the tables through mappings, the kernel side only reads.
 * All that is read of a process is hostile.
 */
#ifndef PROFOUND_ABI_RUNTIME_H
#define PROFOUND_ABI_RUNTIME_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define ABI_RUNTIME_FRAMES 1024 /* of one sample */

/*
 * A frame of an interpreter, innermost first. A group is what one run of the interpreter's loop (one native frame)
 * executes: its outermost frame has RUNTIME_GROUP_END. A group without a frame (the loop begins or ends) is one with
 * code 0.
 */
#define RUNTIME_GROUP_END (1ULL << 63)
#define RUNTIME_ADDRESS ((1ULL << 56) - 1)

struct abi_runtime_frame {
	__u64 code;  /* address of the code object | RUNTIME_GROUP_END */
	__u32 check; /* a hash over what of the code object tells it from a later one at the same place */
	__u32 at;    /* CPython: offset in its bytecode, in bytes; ABI_RUNTIME_AT_UNKNOWN: before the first instruction */
};

#define ABI_RUNTIME_AT_UNKNOWN 0xffffffffU

enum abi_runtime {
	RUNTIME_NONE,
	RUNTIME_CPYTHON,
};

/* How the frames of a thread are linked. */
enum abi_cpython_frames {
	CPYTHON_FRAME_OBJECTS, /* 3.6 to 3.10: PyThreadState.frame, PyFrameObject; each is a group */
	CPYTHON_CFRAME,        /* 3.11, 3.12: PyThreadState.cframe, its current_frame, _PyInterpreterFrame */
	CPYTHON_CURRENT_FRAME, /* 3.13 and later: PyThreadState.current_frame */
};

#define ABI_CODE_BLOCK 128 /* all of a code object that is read of each frame */

/*
 * One build of CPython. Addresses are ELF virtual addresses, offsets are from the start of the struct that they are
 * in; 0xffff: there is no such member.
 */
struct abi_cpython {
	__u64 proof_at, proof;  /* where 8 bytes are that tell it from any other file, and they */
	__u64 interpreters;     /* where the pointer to the first PyInterpreterState is */
	__u16 version;          /* 0x030b: 3.11 */
	__u8 frames;            /* enum abi_cpython_frames */
	__u8 at_unit;           /* bytes in a unit of f_lasti: 1 or 2. CPYTHON_FRAME_OBJECTS */
	__u8 owner_end;         /* frame_owner: a frame with at least this value ends a group and is none itself (3.12 and
				 * later: FRAME_OWNED_BY_CSTACK); 0: one with any value but 0 ends a group and is one (3.11:
				 * is_entry) */
	__u8 owner_max;         /* frame_owner: no frame has a larger value */
	__u8 tagged;            /* bits of frame_code that are no address: 3 since 3.14 (_PyStackRef) */
	__u8 unicode_kind;      /* number of the bit in the u32 at unicode_state where `kind` begins (3 bits); then compact, ascii */
	__u16 interp_next;      /* PyInterpreterState.next */
	__u16 interp_threads;   /* .threads.head; 3.6: .tstate_head */
	__u16 thread_next;      /* PyThreadState.next */
	__u16 thread_id;        /* .thread_id, 8 bytes: pthread_self() */
	__u16 thread_frame;     /* .frame, .cframe or .current_frame */
	__u16 cframe_current;   /* _PyCFrame.current_frame */
	__u16 frame_back;       /* f_back, previous */
	__u16 frame_code;       /* f_code, f_executable */
	__u16 frame_at;         /* f_lasti (4 bytes); prev_instr, instr_ptr (pointers) */
	__u16 frame_owner;      /* 1 byte: is_entry, owner */
	__u16 frame_tlbc;       /* free-threaded since 3.14: tlbc_index, 4 bytes: which copy of the bytecode runs */
	__u16 code_tlbc;        /* co_tlbc: pointer to { Py_ssize_t size; char *entries[] } */
	__u16 code_bytes;       /* where the instructions begin in a code object, since 3.11 */
	__u16 code_block;       /* where the block of ABI_CODE_BLOCK bytes begins that all that follows is in, 8-aligned */
	__u8 code_first_line;   /* 4 bytes; these are from the block's start on, the pointers 8-aligned */
	__u8 code_file, code_name;
	__u8 code_qualname;     /* 0xff: there is none before 3.11 */
	__u8 code_lines;        /* co_lnotab, co_linetable: a bytes object */
	__u8 pad[3];
	__u16 unicode_state;    /* PyASCIIObject.state */
	__u16 unicode_length;   /* .length, 8 bytes, in characters */
	__u16 unicode_ascii;    /* its size: where the characters of an ASCII string begin */
	__u16 unicode_compact;  /* size of PyCompactUnicodeObject: where those of another begin */
	__u16 bytes_size;       /* PyBytesObject.ob_size, 8 bytes */
	__u16 bytes_data;       /* .ob_sval */
};

#define ABI_CPYTHONS 64 /* builds that are known at once */

/*
 * Programs that run an interpreter, by what the kernel knows of mm->exe_file: an open-addressing table of ABI_PROGRAMS,
 * home is program_home(), linear probe of at most ABI_PROGRAM_PROBES. inode is written last; a row is never changed.
 */
#define ABI_PROGRAMS 1024
#define ABI_PROGRAM_PROBES 8
#define ABI_PROGRAM_SLOTS 4

struct abi_program {
	__u64 inode; /* 0: free */
	__u32 device; /* s_dev as the kernel has it */
	__u16 runtime; /* enum abi_runtime */
	__u16 build; /* index into the runtime's builds */
	__u64 code_address; /* the lowest ELF address of its executable segments: mm->start_code less that is its bias */
	/* Where the interpreter is a library: words of the program (ELF addresses) that hold the address of a function of
	 * the library once it was called, and that function's ELF address there. None: it is in the program itself. */
	__u64 slot[ABI_PROGRAM_SLOTS];
	__u64 target[ABI_PROGRAM_SLOTS];
	__u32 n_slots;
	__u32 code_offset; /* code_address less the lowest ELF address of any segment, which start_code was for a while */
};

static inline __attribute__((always_inline)) __u32 program_home(__u64 inode, __u32 device)
{
	__u64 hash = (inode ^ (__u64)device << 32) * 0x9e3779b97f4a7c15ULL;

	return hash >> 40 & (ABI_PROGRAMS - 1);
}

/* Processes whose interpreter is not found by their program: told one by one. A slot is written `version` last and is
 * used for a process of which all three agree. Home by space_hash(), linear probe. */
#define ABI_HOSTS 1024
#define ABI_HOST_PROBES 8

struct abi_host {
	__u64 start_ns;
	__u64 bias;
	__u32 tgid; /* 0: free */
	__u32 exec;
	__u16 runtime;
	__u16 build;
	__u32 pad;
};

/*
 * A code object as it was when it ran, in a ring of its own. Behind it are the bytes of file, name, qualified name (in
 * characters of 1, 2 or 4 bytes; 1 is Latin-1) and line table, in this order, without padding.
 */
#define ABI_CODE_TEXT 508    /* bytes of each text at most; more is cut */
#define ABI_CODE_LINES 16383 /* bytes of a line table at most; a longer one is left out */

struct abi_code_text {
	__u16 size;  /* bytes */
	__u8 width; /* of a character: 1, 2, 4 */
	__u8 cut;   /* there was more */
};

#define CODE_UNREAD_FILE 1
#define CODE_UNREAD_NAME 2
#define CODE_UNREAD_QUALNAME 4
#define CODE_UNREAD_LINES 8

struct abi_code {
	__u64 code;
	__u64 start_ns;
	__u32 tgid;
	__u32 exec;
	__u32 check;
	__u32 first_line;
	__u16 build; /* index into cpythons */
	__u16 pad;
	__u32 lines_size;   /* bytes */
	struct abi_code_text file, name, qualname; /* size 0: none, or not read */
	__u8 lines_left_out; /* it was too long */
	__u8 unread; /* CODE_UNREAD_*: what could not be read. What was never touched is as it is in the interpreter's file */
	__u8 pad2[2];
	__u64 bias; /* of that file */
	__u64 file_at, name_at, qualname_at, lines_at;
};

/* The runtime frames of a sample that is handed over, in the deferred ring, right before its struct abi_deferred. */
struct abi_deferred_runtime {
	__u32 kind; /* DEFERRED_RUNTIME */
	__u32 cpu;
	__u32 sequence; /* of the CPU's samples that were handed over */
	__u32 n;
	/* struct abi_runtime_frame frames[n] */
};

_Static_assert(sizeof(struct abi_runtime_frame) == 16, "abi_runtime_frame");
_Static_assert(sizeof(struct abi_cpython) == 80, "abi_cpython");
_Static_assert(sizeof(struct abi_program) == 96, "abi_program");
_Static_assert(sizeof(struct abi_host) == 32, "abi_host");
_Static_assert(sizeof(struct abi_code) == 96, "abi_code");
_Static_assert(sizeof(struct abi_deferred_runtime) == 16, "abi_deferred_runtime");

#endif
