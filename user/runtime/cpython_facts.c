// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_facts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf_names.h"
#include "runtime/cpython_offsets.h"

#define GETTER_MAX 512U         /* bytes of a function that is looked at */
#define TAIL_CALLING_MAX 8192U  /* bytes of the loop when its instructions are functions; 40,000 and more otherwise */
#define NOTE_GNU "GNU"

enum wanted {
	EVAL_DEFAULT,
	EVAL_EX, /* before 3.6 */
	GET_VERSION,
	VERSION,
	RUNTIME,
	INTERPRETER_HEAD,
	REF_TOTAL, /* of debug builds alone, whose structs are not in the table of versions */
	WANTED,
};

static const char *const names[WANTED] = {"_PyEval_EvalFrameDefault", "PyEval_EvalFrameEx",
	"Py_GetVersion", "Py_Version", "_PyRuntime", "PyInterpreterState_Head", "_Py_RefTotal"};

struct reading {
	struct elf *elf;
	Elf64_Sym symbols[WANTED]; /* st_size and st_value 0: not there */
	struct cpython_facts *facts;
};

static bool take_symbol(void *context, const char *name, const Elf64_Sym *symbol, uint32_t index)
{
	struct reading *reading = context;

	(void)index;
	if ((name[0] != 'P' && name[0] != '_') || symbol->st_shndx == SHN_UNDEF)
		return true;
	for (unsigned i = 0; i < WANTED; i++)
		if (!strcmp(name, names[i]) && !reading->symbols[i].st_value)
			reading->symbols[i] = *symbol;
	return true;
}

static bool has(const struct reading *reading, enum wanted what)
{
	return reading->symbols[what].st_value != 0;
}

/* Bytes of the file at an ELF address; how many, up to `size`. */
static size_t read_at(const struct elf *elf, uint64_t address, void *data, size_t size)
{
	uint64_t offset, left;

	if (elf_offset_of_address(elf, address, &offset, &left))
		return 0;
	size = left < size ? left : size;
	return elf_read(elf, offset, data, size) ? 0 : size;
}

/* "3.8.18" and what of "2.7.18+" is a version. */
static size_t version_length(const char *text, size_t size)
{
	size_t i = 0;

	if (size < 4 || !isdigit((unsigned char)text[0]) || text[1] != '.' ||
		!isdigit((unsigned char)text[2]))
		return 0;
	while (i < size && (isalnum((unsigned char)text[i]) || text[i] == '.' || text[i] == '+'))
		i++;
	return i < size && !text[i] ? i : 0;
}

static bool take_version(struct reading *reading, uint64_t address)
{
	char text[24];
	size_t size = read_at(reading->elf, address, text, sizeof(text));
	size_t len = version_length(text, size);

	if (!len || len >= sizeof(reading->facts->version))
		return false;
	memcpy(reading->facts->version, text, len);
	reading->facts->version[len] = '\0';
	return true;
}

/* The address that an instruction's bytes may hold: lea disp32(%rip), or mov $imm32 where code has fixed addresses. */
static bool address_at(const struct elf *elf, const uint8_t *code, size_t i, size_t size, uint64_t at,
	uint64_t *out)
{
	int32_t value;

	if (i + 7 <= size && (code[i] & 0xfb) == 0x48 && (code[i + 1] == 0x8d || code[i + 1] == 0x8b) &&
		(code[i + 2] & 0xc7) == 0x05) {
		memcpy(&value, code + i + 3, sizeof(value));
		*out = at + i + 7 + (uint64_t)(int64_t)value;
		return true;
	}
	if (elf->type != ET_EXEC || i + 5 > size || (code[i] & 0xf8) != 0xb8)
		return false;
	memcpy(&value, code + i + 1, sizeof(value));
	*out = (uint32_t)value;
	return true;
}

/* Before 3.11 the version is a string that Py_GetVersion() refers to. */
static void find_version_string(struct reading *reading)
{
	const Elf64_Sym *getter = &reading->symbols[GET_VERSION];
	uint8_t code[GETTER_MAX];
	size_t most = getter->st_size && getter->st_size < sizeof(code) ? getter->st_size : sizeof(code);
	size_t size = read_at(reading->elf, getter->st_value, code, most);
	uint64_t address;

	for (size_t i = 0; i < size; i++)
		if (address_at(reading->elf, code, i, size, getter->st_value, &address) &&
			take_version(reading, address))
			return;
}

static uint16_t parse_version(const char *text)
{
	unsigned major = 0, minor = 0;
	char *end;

	if (!*text)
		return 0;
	major = (unsigned)strtoul(text, &end, 10);
	minor = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	return major < 256 && minor < 256 ? (uint16_t)(major << 8 | minor) : 0;
}

/* Py_Version (3.11 and later) is PY_VERSION_HEX: Include/patchlevel.h. */
static uint16_t find_version(struct reading *reading)
{
	char *text = reading->facts->version;
	uint32_t hex;

	if (has(reading, VERSION) &&
		read_at(reading->elf, reading->symbols[VERSION].st_value, &hex, sizeof(hex)) ==
			sizeof(hex)) {
		snprintf(text, sizeof(reading->facts->version), "%u.%u.%u", hex >> 24,
			hex >> 16 & 255, hex >> 8 & 255);
		return (uint16_t)(hex >> 16);
	}
	find_version_string(reading);
	return parse_version(text);
}

static void add_loop(struct reading *reading, uint64_t start, uint64_t end)
{
	struct cpython_facts *facts = reading->facts;
	uint64_t offset, left;

	if (facts->n_loops == 1 + CPYTHON_LOOPS || end <= start ||
		elf_offset_of_address(reading->elf, start, &offset, &left) || left < end - start)
		return;
	facts->loop[facts->n_loops++] = (struct cpython_range){offset, offset + (end - start)};
}

static int find_loop(struct reading *reading)
{
	const Elf64_Sym *symbol = &reading->symbols[has(reading, EVAL_DEFAULT) ? EVAL_DEFAULT : EVAL_EX];
	const struct cpython_range whole = {symbol->st_value, symbol->st_value + symbol->st_size};
	struct cpython_range parts[CPYTHON_LOOPS];
	int n;

	add_loop(reading, whole.start, whole.end);
	n = cpython_loop_parts(reading->elf, whole, parts);
	for (int i = 0; i < n; i++)
		add_loop(reading, parts[i].start, parts[i].end);
	return n < 0 ? n : 0;
}

/* PyInterpreterState_Head() of 3.6 is `return interp_head;`: its code loads that (Python/pystate.c). */
static int find_head_3_6(struct reading *reading, uint64_t *out)
{
	const Elf64_Sym *getter = &reading->symbols[INTERPRETER_HEAD];
	uint8_t code[16];
	size_t size = has(reading, INTERPRETER_HEAD) ?
			      read_at(reading->elf, getter->st_value, code, sizeof(code)) :
			      0;

	for (size_t i = 0; i < size && i < 8; i++)
		if (code[i] == 0x48 && i + 1 < size && code[i + 1] == 0x8b &&
			address_at(reading->elf, code, i, size, getter->st_value, out))
			return 0;
	return -ENOTSUP;
}

static int find_offsets(struct reading *reading, uint16_t version)
{
	struct abi_cpython *abi = &reading->facts->abi;
	uint8_t bytes[CPYTHON_DEBUG_OFFSETS];
	uint64_t head = 0, runtime = reading->symbols[RUNTIME].st_value;
	int err;

	if (version != 0x0306 && !has(reading, RUNTIME))
		return -ENOTSUP;
	if (version < 0x030d)
		err = cpython_offsets_of_version(abi, version, &head);
	else
		err = cpython_offsets_parse(
			abi, bytes, read_at(reading->elf, runtime, bytes, sizeof(bytes)), &head);
	if (err || abi->version != version)
		return -ENOTSUP;
	head += runtime;
	if (version == 0x0306)
		err = find_head_3_6(reading, &head);
	abi->interpreters = head;
	return err;
}

/* The build id, which no other build has; without one, code of the loop. */
static int find_proof(struct reading *reading)
{
	struct abi_cpython *abi = &reading->facts->abi;
	const struct elf *elf = reading->elf;
	const Elf64_Shdr *note = elf_section(elf, ".note.gnu.build-id");
	/* Behind the note's header and its name (gABI, "Note Section"). */
	uint64_t at = note && note->sh_flags & SHF_ALLOC ? note->sh_addr + sizeof(Elf64_Nhdr) + sizeof(NOTE_GNU) : 0;

	if (at && elf->build_id_size >= sizeof(abi->proof) &&
		read_at(elf, at, &abi->proof, sizeof(abi->proof)) == sizeof(abi->proof) &&
		!memcmp(&abi->proof, elf->build_id, sizeof(abi->proof))) {
		abi->proof_at = at;
		return 0;
	}
	abi->proof_at = reading->symbols[EVAL_DEFAULT].st_value;
	return read_at(elf, abi->proof_at, &abi->proof, sizeof(abi->proof)) == sizeof(abi->proof) ?
		       0 :
		       -ENOTSUP;
}

static uint64_t loop_size(const struct cpython_facts *facts)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < facts->n_loops; i++)
		size += facts->loop[i].end - facts->loop[i].start;
	return size;
}

static int fill(struct reading *reading)
{
	struct cpython_facts *facts = reading->facts;
	uint16_t version = find_version(reading);
	int err = find_loop(reading);

	if (err)
		return err;
	if (!facts->n_loops || !has(reading, EVAL_DEFAULT) || (has(reading, REF_TOTAL) && version < 0x030d))
		return -ENOTSUP;
	err = find_offsets(reading, version);
	if (!err)
		err = find_proof(reading);
	if (err)
		return err;
	facts->lines = version < 0x030a	 ? CPYTHON_LNOTAB :
		       version == 0x030a ? CPYTHON_LINETABLE :
					   CPYTHON_LOCATIONS;
	facts->tail_calls = version >= 0x030e && loop_size(facts) < TAIL_CALLING_MAX;
	return 0;
}

static int read_symbols(struct reading *reading)
{
	int err = elf_names_each(reading->elf, SHT_DYNSYM, take_symbol, reading);

	if (!err && !has(reading, GET_VERSION))
		err = elf_names_each(reading->elf, SHT_SYMTAB, take_symbol, reading);
	if (err)
		return err;
	return has(reading, GET_VERSION) && (has(reading, EVAL_DEFAULT) || has(reading, EVAL_EX)) ?
		       0 :
		       -ENOENT;
}

int cpython_facts_read(struct cpython_facts *out, int fd)
{
	struct cpython_facts facts = {0};
	struct elf elf;
	struct reading reading = {.elf = &elf, .facts = &facts};
	int err = elf_init(&elf, fd);

	if (err)
		return err;
	err = elf.machine == EM_X86_64 ? read_symbols(&reading) : -ENOENT;
	if (!err)
		err = fill(&reading);
	elf_release(&elf);
	if (err && err != -ENOTSUP)
		return err;
	if (err)
		memset(&facts.abi, 0, sizeof(facts.abi));
	*out = facts;
	return err;
}
