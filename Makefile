# SPDX-License-Identifier: GPL-2.0-or-later
# `make help` lists the targets. V=1 shows commands, O=DIR builds elsewhere, SAN=1 builds with sanitizers.
VERSION := 0.1.0
O ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/profound
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# The only date in what is built: that of the commit, or of the tarball's files.
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),$(shell stat -c %Y CHANGELOG.md))
export SOURCE_DATE_EPOCH
ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(patsubst $(CURDIR)/%,%,$(2))';)

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror
comma := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
CPPFLAGS += -D_GNU_SOURCE -DPROFOUND_VERSION='"$(VERSION)"' -Iuser -Ibpf -I$(O)
# libmd's SHA-256, libcap and libseccomp are linked in: a shared library would cost every start.
LDLIBS := -lbpf -ldw -lelf -l:libsqlite3.a -lm -lzstd -lz -llzma -liberty -l:libmd.a -l:libcap.a -l:libseccomp.a -lpthread
# No path of this machine in what is built: two builds are the same bytes, wherever they are made. O's objects are
# called build/... everywhere.
PATHS := -ffile-prefix-map=$(abspath $(O))=build -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)/=build/
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Ivmlinux/$(ARCH) -Ibpf \
	-Wall -Wextra -Werror -Wno-unused-parameter

USER_SRC := $(sort $(shell find user -name '*.c' ! -path user/main.c))
USER_ASM := $(sort $(shell find user -name '*.S'))
USER_OBJ := $(USER_SRC:%.c=$(O)/%.o) $(USER_ASM:%.S=$(O)/%.o)
# maps.bpf.c first: libbpf 1.1's linker forgets the offset of a map whose definition follows its first use.
BPF_SRC := bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.bpf.o)
SKELETON := $(O)/profound.skel.h
LIB := $(O)/libprofound.a
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/unit/%)
BPF_TEST_SRC := $(sort $(wildcard tests/bpf/test_*.c))
BPF_TEST := $(BPF_TEST_SRC:tests/bpf/%.c=$(O)/tests/bpf/%)
BENCH := $(O)/tools/benchmarks/table_build $(O)/tools/benchmarks/encode
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/fuzz/%)

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

all: $(O)/profound ## build profound

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) $(PATHS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

$(O)/profound.bpf.o: $(BPF_OBJ)
	$(call say,LINK,$@)$(BPFTOOL) gen object $@ $^

$(SKELETON): $(O)/profound.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name profound_bpf >$@

$(O)/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(PATHS) $(SANFLAGS) -std=gnu11 $(WARN) -MMD -MP -c $< -o $@

$(O)/%.o: %.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(CC) $(CPPFLAGS) $(PATHS) -Wa,-Iuser -MMD -MP -c $< -o $@

# What .incbin takes in.
$(O)/user/export/page.o: $(wildcard user/export/page/*)

$(LIB): $(USER_OBJ)
	$(Q)rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(O)/profound: $(O)/user/main.o $(LIB)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(O)/tests/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) $(SANFLAGS) -std=gnu11 $(WARN) -MMD -MP -MF $@.d \
		$< $(LIB) $(LDFLAGS) -lcmocka $(LDLIBS) -o $@

# Tests of the kernel side: its own programs and inline functions, run by the kernel under BPF_PROG_TEST_RUN.
$(O)/tests/bpf/%.bpf.o: tests/bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) $(PATHS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

$(O)/tests/bpf/tested.linked.o: $(O)/bpf/maps.bpf.o $(O)/tests/bpf/tested.bpf.o
	$(call say,LINK,$@)$(BPFTOOL) gen object $@ $^

$(O)/tests/bpf/tested.skel.h: $(O)/tests/bpf/tested.linked.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name tested_bpf >$@

$(O)/tests/bpf/%: tests/bpf/%.c tests/bpf/engine.c $(LIB) $(O)/tests/bpf/tested.skel.h
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -Itests/bpf/host $(CPPFLAGS) -Itests/bpf -I$(O)/tests/bpf $(CFLAGS) $(SANFLAGS) \
		-std=gnu11 $(WARN) -MMD -MP -MF $@.d $< tests/bpf/engine.c $(LIB) $(LDFLAGS) -lcmocka $(LDLIBS) -o $@

# Fuzz targets are compiled whole with clang: libFuzzer's coverage must see our code.
FUZZ_USER_OBJ := $(USER_SRC:%.c=$(O)/fuzz-obj/%.o) $(USER_ASM:%.S=$(O)/%.o)
$(O)/fuzz-obj/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)$(CLANG) $(CPPFLAGS) -g -O1 -fsanitize=fuzzer-no-link,address,undefined -std=gnu11 -MMD -MP -c $< -o $@
$(O)/libfuzzed.a: $(FUZZ_USER_OBJ)
	$(Q)rm -f $@
	$(call say,AR,$@)ar rcs $@ $^
$(O)/fuzz/%: tests/fuzz/%.c $(O)/libfuzzed.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CLANG) $(CPPFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 $< $(O)/libfuzzed.a \
		$(LDLIBS) -o $@

unit: $(UNIT) ## build and run the unit tests
	$(Q)for t in $(UNIT); do $$t || exit 1; done

# What people type. Each target installs what it needs (tools/deps asks the network for nothing when all is there).
RECORD := -d 10
need_root = @test "$$(id -u)" = 0 || { echo '`make $@` needs root: sudo make $@' >&2; exit 1; }

deps: ## install what the build needs (Debian packages)
	@tools/deps build

deps-test: ## install what the tests need
	@tools/deps test

run: ## build, profile this machine for 10 s, write a flame graph (needs root)
	$(need_root)
	@tools/deps build
	@$(MAKE) --no-print-directory all
	@$(O)/profound record $(RECORD)

# tests/run installs the rest itself, and counts it as a part; python3 is what it is written in.
check: ## install, build and pass every test
	@command -v python3 >/dev/null || tools/deps test
	@O=$(O) tests/run check

check-fast: ## unit tests and a few of the end-to-end ones, under a minute
	@O=$(O) tests/run fast

check-all: ## every test, and the long ones
	@command -v python3 >/dev/null || tools/deps test
	@O=$(O) tests/run all

# One proof each.
check-tables: ## unwind rows of this machine's files against readelf
	@O=$(O) tests/run check build tables

check-replay: ## stacks recorded from real processes, unwound again
	@O=$(O) tests/run check build replay

check-unwind: ## whole stacks of live programs in every language, end to end (as root)
	@O=$(O) tests/run check build unwind

check-kernels: ## the same binary and stacks under other kernels in QEMU
	@O=$(O) tests/run check build kernels

FUZZ ?=
RUNS ?=
FUZZ_SECONDS ?= $(if $(RUNS),,300)
fuzz: ## fuzz every parser, or FUZZ=NAME[,NAME], for FUZZ_SECONDS or RUNS inputs each
	@O=$(O) FUZZ='$(FUZZ)' RUNS='$(RUNS)' FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/run check fuzz

soak: ## the agent for SOAK_SECONDS (1800) beside processes that come and go: nothing grows (needs root)
	@O=$(O) SOAK_SECONDS='$(or $(SOAK_SECONDS),1800)' tests/run check soak

bench: ## cost beside perf, bpftrace, bcc, libbpf-tools and OTEL_PROFILER; all PARTS of tools/bench (needs root)
	$(need_root)
	@tools/deps build
	@tools/deps bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@O=$(O) PROFOUND=$(O)/profound tools/bench $(PARTS)

fmt: ## clang-format all C
	@command -v clang-format >/dev/null || tools/deps fmt
	$(Q)find user bpf tests tools \( -name '*.c' -o -name '*.h' \) -exec clang-format -i {} +

# Man pages and completions, by a program that walks the tables which the parser reads.
MANUAL_SRC := $(sort $(wildcard tools/manual/*.c))
MANUAL := $(O)/share/.made

$(O)/tools/manual/manual: $(MANUAL_SRC:%.c=$(O)/%.o) $(LIB)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(MANUAL): $(O)/tools/manual/manual $(wildcard docs/man/*.roff) $(O)/stamps/date
	$(Q)rm -rf $(O)/share
	@mkdir -p $(O)/share/man1 $(O)/share/completions
	$(call say,MANUAL,$(O)/share)$< docs/man $(shell date -u -d @$(SOURCE_DATE_EPOCH) +%F) $(O)/share
	@touch $@

manual: $(MANUAL) ## man pages and completions, into build/share

# What is made of a variable's value is made anew when the value is another one.
stamp = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@
$(O)/stamps/date: FORCE
	$(call stamp,$(SOURCE_DATE_EPOCH))
$(O)/stamps/version: FORCE
	$(call stamp,$(VERSION))
$(O)/stamps/flags: FORCE
	$(call stamp,$(CC) $(CLANG) $(CFLAGS) $(SANFLAGS) $(BPF_CFLAGS) $(firstword $(subst =, ,$(PATHS))))
$(USER_OBJ) $(BPF_OBJ) $(O)/user/main.o: $(O)/stamps/flags
$(patsubst %.c,$(O)/%.o,$(shell grep -rlw PROFOUND_VERSION user tools --include='*.c')): $(O)/stamps/version

INSTALL_FILE := install -D -m 0644
install: $(O)/profound $(MANUAL) ## install into DESTDIR and PREFIX
	$(Q)install -D -m 0755 $(O)/profound $(DESTDIR)$(PREFIX)/bin/profound
	$(Q)install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(MANDIR)/man1
	$(Q)sed 's#/usr/local/bin/#$(PREFIX)/bin/#' deploy/systemd/profound.service >$(DESTDIR)$(UNITDIR)/profound.service
	$(Q)chmod 0644 $(DESTDIR)$(UNITDIR)/profound.service
	$(Q)install -m 0644 $(O)/share/man1/*.1 $(DESTDIR)$(MANDIR)/man1
	$(Q)$(INSTALL_FILE) $(O)/share/completions/profound.bash $(DESTDIR)$(BASHDIR)/profound
	$(Q)$(INSTALL_FILE) $(O)/share/completions/_profound $(DESTDIR)$(ZSHDIR)/_profound
	$(Q)$(INSTALL_FILE) $(O)/share/completions/profound.fish $(DESTDIR)$(FISHDIR)/profound.fish
	$(Q)$(INSTALL_FILE) LICENSE $(DESTDIR)$(DOCDIR)/LICENSE

# As others' packages have it: below /usr, and zsh's where Debian's zsh looks.
deb: $(O)/profound $(MANUAL) ## a Debian package, into build
	@tools/deps package
	$(Q)rm -rf $(O)/deb
	$(Q)umask 022; $(MAKE) --no-print-directory install DESTDIR=$(O)/deb PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions
	$(Q)tools/deb $(O)/deb $(VERSION) $(O)

dist: ## a tarball of what is committed, into build
	@mkdir -p $(O)
	$(Q)git archive --format=tar --prefix=profound-$(VERSION)/ HEAD | gzip -9n >$(O)/profound-$(VERSION).tar.gz
	@echo $(O)/profound-$(VERSION).tar.gz

$(O)/tools/%: tools/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS) -std=gnu11 $(WARN) -MMD -MP -MF $@.d $< $(LIB) $(LDFLAGS) \
		$(LDLIBS) -o $@

# Tests that are no unit tests (tests/bpf, tests/replay, tests/golden) are built like them.
$(O)/tests/%: tests/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) $(SANFLAGS) -std=gnu11 $(WARN) -MMD -MP -MF $@.d \
		$< $(LIB) $(LDFLAGS) -lcmocka $(LDLIBS) -o $@

bpf-test: $(BPF_TEST) ## build and run the tests of the kernel side (as root)
	$(Q)for t in $(BPF_TEST); do $$t || exit 1; done

clean: ## remove what was built
	rm -rf $(O)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: FORCE all unit bpf-test clean help deps deps-test run check check-fast check-all check-tables check-replay \
	check-unwind check-kernels fuzz soak bench fmt manual install deb dist
-include $(shell find $(O) \( -name venv -o -name kernels -o -name bench \) -prune -o -name '*.d' -type f -print 2>/dev/null)
