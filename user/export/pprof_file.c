// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/pprof_file.h"

#include <errno.h>
#include <stdlib.h>

#include "export/pprof_proto.h"
#include "export/text.h"

#define GATHERED 16384 /* bytes that are worth a call of zlib's */

int pprof_file_init(struct pprof_file *file, const struct profile *profile, FILE *stream)
{
	int err;

	*file = (struct pprof_file){.profile = profile};
	file->strings_of = calloc((size_t)profile->text.count + 1, sizeof(*file->strings_of));
	if (!file->strings_of)
		return -ENOMEM;
	err = gzip_init(&file->gzip, stream);
	if (err) {
		free(file->strings_of);
		file->strings_of = NULL;
		return err;
	}
	wire_oneof_bytes(&file->strings, PPROF_STRING_TABLE, "", 0);
	file->n_strings = 1;
	return 0;
}

void pprof_file_release(struct pprof_file *file)
{
	gzip_release(&file->gzip);
	wire_release(&file->out);
	wire_release(&file->strings);
	buf_release(&file->text);
	free(file->strings_of);
	*file = (struct pprof_file){0};
}

uint32_t pprof_file_string(struct pprof_file *file, const char *string)
{
	if (!*string)
		return 0;
	buf_clear(&file->text);
	text_plain(&file->text, string);
	if (file->text.failed) {
		file->strings.failed = true;
		return 0;
	}
	wire_oneof_bytes(&file->strings, PPROF_STRING_TABLE, file->text.data, file->text.len);
	return file->n_strings++;
}

uint32_t pprof_file_text(struct pprof_file *file, uint32_t text)
{
	uint32_t *known = &file->strings_of[text];

	if (!*known)
		*known = pprof_file_string(file, profile_text(file->profile, text)) + 1;
	return *known - 1;
}

static void hand_on(struct pprof_file *file, struct wire *wire, size_t least)
{
	if (file->error || wire->len < least)
		return;
	file->error = wire->failed ? -ENOMEM : gzip_write(&file->gzip, wire->data, wire->len);
	wire->len = 0; /* and `failed` as it was */
}

void pprof_file_flush(struct pprof_file *file)
{
	hand_on(file, &file->out, GATHERED);
	hand_on(file, &file->strings, GATHERED);
}

int pprof_file_finish(struct pprof_file *file)
{
	hand_on(file, &file->out, 0);
	hand_on(file, &file->strings, 0);
	return file->error ? file->error : gzip_finish(&file->gzip);
}
