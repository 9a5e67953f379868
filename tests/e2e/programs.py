# SPDX-License-Identifier: GPL-2.0-or-later
"""The targets and how they are compiled."""
import pathlib
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parent / "targets"
FLAGS = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-fno-omit-frame-pointer",
         "-mno-omit-leaf-frame-pointer", "-fno-optimize-sibling-calls", "-fno-ipa-icf", "-fcf-protection=none"]
# As distributions compile.
BARE = ["-fomit-frame-pointer", "-momit-leaf-frame-pointer"]
# name: compiler, sources, further flags
PROGRAMS = {
    "chain": ("gcc", ["chain.c"], []),
    "static": ("gcc", ["chain.c"], ["-static"]),
    "stripped": ("gcc", ["chain.c"], ["-s", "-rdynamic", "-DLOCAL="]),
    "threads": ("gcc", ["threads.c"], ["-pthread"]),
    "deep": ("gcc", ["deep.c"], []),
    "kernel": ("gcc", ["kernel.c"], []),
    "family": ("gcc", ["family.c"], []),
    "loader": ("gcc", ["loader.c"], ["-pthread"]),
    "libone.so": ("gcc", ["plugin.c"], ["-shared", "-fPIC", "-DWORK_NAME=one_work"]),
    "setclock.so": ("gcc", ["setclock.c"], ["-shared", "-fPIC"]),
    "libtwo.so": ("gcc", ["plugin.c"], ["-shared", "-fPIC", "-DWORK_NAME=two_work"]),
    "stage1": ("gcc", ["stage.c"], ["-no-pie", "-DSTAGE=1"]),
    "stage2": ("gcc", ["stage.c"], ["-no-pie", "-DSTAGE=2"]),
    "stage3": ("gcc", ["stage.c"], ["-no-pie", "-DSTAGE=3"]),
    "jit": ("gcc", ["jit.c"], []),
    "rejit": ("gcc", ["rejit.c"], []),
    "bpfspin": ("gcc", ["bpfspin.c"], []),
    "vsyscall": ("gcc", ["vsyscall.c"], BARE),
    "shop": ("g++", ["shop.cc"], []),
    "rustic": ("gcc", ["rustic.c"], []),
    "storm": ("gcc", ["storm.c"], ["-pthread"]),
    "reuse": ("gcc", ["reuse.c"], []),
    "bare": ("gcc", ["bare.c"], BARE),
    "bare-static": ("gcc", ["bare.c"], [*BARE, "-static"]),
    "bare-static-pie": ("gcc", ["bare.c"], [*BARE, "-static-pie"]),
    "bare-musl": ("musl-gcc", ["bare.c"], BARE),
    "bare-musl-threads": ("musl-gcc", ["threads.c"], [*BARE, "-pthread"]),
    "bare-deep": ("gcc", ["deep.c"], BARE),
    "bare-threads": ("gcc", ["threads.c"], [*BARE, "-pthread"]),
    "libbare.so": ("gcc", ["plugin.c"], [*BARE, "-shared", "-fPIC", "-DWORK_NAME=one_work"]),
    "throwing": ("g++", ["throwing.cc"], BARE),
    "handler": ("gcc", ["handler.c"], BARE),
    "frames": ("gcc", ["frames.c"], BARE),
    "realigned": ("gcc", ["frames.c"], [*BARE, "-mstackrealign"]),
    "libplt.so": ("gcc", ["plt.c"], [*BARE, "-shared", "-fPIC", "-DLIBRARY"]),
    "plt": ("gcc", ["plt.c"], [*BARE, "-fplt", "-Wl,-z,lazy,--no-as-needed,-rpath,$ORIGIN"]),
    "opener": ("gcc", ["opener.c"], BARE),
    "coroutines": ("gcc", ["coroutines.c"], BARE),
    "paths": ("gcc", ["paths.c"], BARE),
    "wide": ("gcc", ["wide.c"], BARE),
    "dial": ("gcc", ["dial.c"], BARE),
    "inlined": ("gcc", ["inlined.c"], []),
    "spawner": ("gcc", ["spawner.c"], []),
    "publisher": ("gcc", ["publisher.c"], []),
    "crowd": ("gcc", ["crowd.c"], BARE),
    "liar": ("gcc", ["liar.c"], ["-pthread", "-rdynamic"]),
}


def compile_to(name, path, *more):
    """Compiles a target; `more` are further flags."""
    compiler, sources, own = PROGRAMS[name]
    subprocess.run([compiler, *FLAGS, *own, *more, *(SOURCES / source for source in sources), "-o", path], check=True)
