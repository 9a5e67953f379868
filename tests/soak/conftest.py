# SPDX-License-Identifier: GPL-2.0-or-later
from fixtures import agent, build, target  # noqa: F401
