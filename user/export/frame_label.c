// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/frame_label.h"

#include <string.h>

#include "export/text.h"

/* Of the path its last part: a whole one makes names that nobody can read. */
static void put_source(struct buf *buf, const struct profile *profile, const struct profile_line *line, bool with_line)
{
	const char *path = profile_text(profile, line->file), *slash = strrchr(path, '/');

	if (!*path)
		return;
	buf_puts(buf, " (");
	text_folded(buf, slash ? slash + 1 : path);
	if (with_line)
		buf_printf(buf, ":%u", line->line);
	buf_puts(buf, ")");
}

/* An interpreter's functions have names like `main` and `<module>`: they are told with their file. */
static bool is_interpreted(const struct profile *profile, uint32_t frame)
{
	return profile->names && profile->names[frame].type == FRAME_TYPE_CPYTHON;
}

void frame_label_put(struct buf *buf, const struct profile *profile, uint32_t frame, const struct profile_line *line,
	bool source)
{
	text_folded(buf, profile_text(profile, line->function));
	if ((source && line->line) || is_interpreted(profile, frame))
		put_source(buf, profile, line, source && line->line);
	if (profile_get_frame(profile, frame)->kind == FRAME_KERNEL)
		buf_puts(buf, "_[k]");
}
