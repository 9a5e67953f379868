# SPDX-License-Identifier: GPL-2.0-or-later
"""make install: everything, and nothing else, below DESTDIR and PREFIX."""
import tree

PAGES = [f"share/man/man1/profound{end}.1" for end in ["", *(f"-{command}" for command in tree.COMMANDS)]]
WHOLE = sorted([
    "bin/profound", "lib/systemd/system/profound.service", "share/bash-completion/completions/profound",
    "share/doc/profound/LICENSE", "share/fish/vendor_completions.d/profound.fish", "share/zsh/site-functions/_profound",
    *PAGES])


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_install_is_complete(first, tmp_path):
    tree.make(first, "install", f"DESTDIR={tmp_path}")
    assert files(tmp_path) == [f"usr/local/{name}" for name in WHOLE]
    assert tree.run(tmp_path / "usr/local/bin/profound", "--version").startswith("profound ")
    assert (tmp_path / "usr/local/bin/profound").stat().st_mode & 0o777 == 0o755
    for name in WHOLE[1:]:
        assert (tmp_path / "usr/local" / name).stat().st_mode & 0o777 == 0o644, name


def test_prefix_is_in_the_unit(first, tmp_path):
    tree.make(first, "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/profound")
    assert files(tmp_path) == [f"opt/profound/{name}" for name in WHOLE]
    unit = (tmp_path / "opt/profound/lib/systemd/system/profound.service").read_text()
    assert "\nExecStart=/opt/profound/bin/profound agent " in unit and "/usr/local" not in unit
