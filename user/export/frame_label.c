// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/frame_label.h"

#include <string.h>

#include "export/text.h"

/* Of the path its last part: a whole one makes names that nobody can read. */
static void put_source(struct buf *buf, const struct profile *profile, const struct profile_line *line)
{
	const char *path = profile_text(profile, line->file), *slash = strrchr(path, '/');

	if (!*path || !line->line)
		return;
	buf_puts(buf, " (");
	text_folded(buf, slash ? slash + 1 : path);
	buf_printf(buf, ":%u)", line->line);
}

void frame_label_put(struct buf *buf, const struct profile *profile, uint32_t frame, const struct profile_line *line,
	bool source)
{
	text_folded(buf, profile_text(profile, line->function));
	if (source)
		put_source(buf, profile, line);
	if (profile_get_frame(profile, frame)->kind == FRAME_KERNEL)
		buf_puts(buf, "_[k]");
}
