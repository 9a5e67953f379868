# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb's opinion of a stopped thread's stack."""
import re
import subprocess

SCRIPT = """
import gdb
import gdb.unwinder

class Here:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc

class Made(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("made at run time, keeps rbp")

    def __call__(self, pending):
        pc, rbp = (pending.read_register(name) for name in ("rip", "rbp"))
        if not any(start <= int(pc) < end for start, end in {made}):
            return None
        word = gdb.lookup_type("long").pointer()
        slot = rbp.cast(word)
        info = pending.create_unwind_info(Here(rbp + 16, pc))
        info.add_saved_register("rip", slot[1])
        info.add_saved_register("rsp", rbp + 16)
        info.add_saved_register("rbp", slot[0])
        return info

gdb.unwinder.register_unwinder(None, Made())
for thread in gdb.selected_inferior().threads():
    if thread.ptid[1] == {tid}:
        thread.switch()
frame = gdb.newest_frame()
while frame is not None and frame.is_valid():
    if frame.type() != gdb.INLINE_FRAME:
        print("FRAME", hex(frame.pc()), int(frame.type() == gdb.SIGTRAMP_FRAME), frame.name())
    frame = frame.older()
"""
SETTINGS = ("set auto-load off", "set debuginfod enabled off", "set backtrace past-main on",
            "set backtrace past-entry on", "set backtrace limit 5000", "set height 0", "set width 0")


def version():
    return subprocess.run(["gdb", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def backtrace(pid, tid, symbols=None, made=()):
    """
    [(address that is looked up, function or None)], innermost first: an interrupted address as it is, a return
    address less one. `symbols`: the file that has them, when the process's own has none. `made`: (start, end) of code
    that is known to keep frame pointers, which gdb cannot know.
    """
    script = SCRIPT.format(tid=tid, made=list(made)).strip()
    argv = ["gdb", "-nx", "-batch", *(part for line in SETTINGS for part in ("-iex", line)),
            "-p", str(pid), *(["-ex", f"symbol-file {symbols}"] if symbols else []), "-ex", f"python exec({script!r})"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    frames, exact = [], True
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"FRAME (0x[0-9a-f]+) (\d) (.*)", line)
        if match and int(match[1], 16):
            frames.append((int(match[1], 16) - (not exact), None if match[3] == "None" else match[3]))
            exact = match[2] == "1"
    assert frames, done.stdout + done.stderr
    return frames
