/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, inlined functions and lines of Go code from its pclntab, stripped or not: x86-64, Go 1.16 to 1.26. The table
 * is read by need; an address costs the decoding of its function.
 *
 * Sources: Go's src/runtime/symtab.go and symtabinl.go (funcline1, funcfile, pcdatavalue1, inlinedCall, inlineUnwinder)
 * and src/cmd/link/internal/ld/pcln.go, 1.16.15 to 1.26.8. Where code was inlined, PCDATA_InlTreeIndex is an entry of
 * FUNCDATA_InlTree, and the entry's parentPc is where the caller's line and entry are looked up. Until 1.19 an entry has
 * 20 bytes (parent, funcID, file, line, name, parentPc), since 1.20 16 (funcID, name, parentPc, startLine). Funcdata
 * are addresses until 1.17, since then offsets from moduledata.gofunc.
 *
 * A name is what runtime.Frame and so `go tool pprof` say: [...] for type arguments (funcNameForPrint in
 * src/runtime/traceback.go since 1.21, the linker before), and without the .abi0 that the linker adds in .symtab
 * (mangleABIName in src/cmd/link/internal/ld/symtab.go). So it takes the place of .symtab's, and a function has one
 * name whether its file was stripped or not.
 */
#ifndef PROFOUND_GO_SYMBOLS_H
#define PROFOUND_GO_SYMBOLS_H

#include "object/elf.h"
#include "symbolize/batch.h"

/*
 * Names a sorted batch of ELF virtual addresses. The file is hostile: where its tables contradict themselves an item
 * gets no lines, and past a budget that grows with the file and the batch no name either. 0 (also when some found no
 * name); -ENODATA no table of Go's; -ENOMEM; -EIO. What was found before an error stays.
 */
int go_symbols_resolve(const struct elf *elf, struct batch *batch);

#endif
