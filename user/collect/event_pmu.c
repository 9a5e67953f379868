// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/event_pmu.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/number.h"

struct pmu {
	const char *name;
	char directory[PATH_MAX];
	struct event_spec *spec;
	struct fault *fault;
	const char *given; /* the terms that were typed */
};

static int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool got;

	if (!file)
		return -errno;
	got = fgets(line, size, file);
	fclose(file);
	if (!got)
		return -ENODATA;
	line[strcspn(line, "\n")] = 0;
	return 0;
}

/* One file of the PMU's directory; names come from a person, so they stay inside it. */
static int read_file(
	const struct pmu *pmu, const char *kind, const char *name, char *line, size_t size)
{
	char path[PATH_MAX + 300];

	if (name[0] == '.' || strchr(name, '/'))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s%.200s", pmu->directory, kind, name);
	return read_line(path, line, size);
}

/* The entry of `directory` that is nearest to `word`; remembers the best of several calls in best.
 */
static void nearest_entry(const char *directory, const char *word, char *best, size_t size)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *words[] = {entry->d_name, best};
		const char *nearest;

		if (entry->d_name[0] == '.')
			continue;
		nearest = nearest_word(word, words, *best ? 2 : 1);
		if (nearest == entry->d_name)
			snprintf(best, size, "%s", entry->d_name);
	}
	closedir(dir);
}

static int unknown_term(const struct pmu *pmu, const char *term)
{
	char directory[PATH_MAX + 16], best[256] = "", hint[300];

	snprintf(directory, sizeof(directory), "%s/format", pmu->directory);
	nearest_entry(directory, term, best, sizeof(best));
	snprintf(directory, sizeof(directory), "%s/events", pmu->directory);
	nearest_entry(directory, term, best, sizeof(best));
	nearest_hint(hint, sizeof(hint), "", *best ? best : NULL);
	return fault_set(pmu->fault, -ENOENT,
		"event %s/%s/: PMU %s has no term or event '%.100s'%s", pmu->name, pmu->given,
		pmu->name, term, *hint ? hint : "; see profound list events");
}

static uint64_t *field_of(struct event_spec *spec, const char *name, size_t len)
{
	const struct {
		const char *name;
		uint64_t *field;
	} fields[] = {{"config", &spec->config}, {"config1", &spec->config1},
		{"config2", &spec->config2}};

	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strlen(fields[i].name) == len && !strncmp(fields[i].name, name, len))
			return fields[i].field;
	return NULL;
}

/* Lays the value's bits, lowest first, into the ranges of "0-7,32-35". False when some bits are
 * left over. */
static bool scatter(const char *ranges, uint64_t value, uint64_t *field)
{
	uint64_t bits = *field;

	while (*ranges) {
		unsigned first, last;
		int used = 0;

		if (sscanf(ranges, "%u-%u%n", &first, &last, &used) != 2 || !used) {
			if (sscanf(ranges, "%u%n", &first, &used) != 1)
				return false;
			last = first;
		}
		for (unsigned bit = first; bit <= last && bit < 64; bit++, value >>= 1)
			bits = (bits & ~(1ULL << bit)) | (value & 1) << bit;
		ranges += used;
		ranges += *ranges == ',';
	}
	if (value)
		return false;
	*field = bits;
	return true;
}

static int set_format(const struct pmu *pmu, const char *format, const char *term, uint64_t value)
{
	const char *colon = strchr(format, ':');
	uint64_t *field = colon ? field_of(pmu->spec, format, colon - format) : NULL;

	if (!field)
		return fault_set(pmu->fault, -EINVAL,
			"event %s/%s/: term '%s' fills '%s', which is not supported", pmu->name,
			pmu->given, term, format);
	if (!scatter(colon + 1, value, field))
		return fault_set(pmu->fault, -EINVAL,
			"event %s/%s/: 0x%llx does not fit term '%s' (%s)", pmu->name, pmu->given,
			(unsigned long long)value, term, format);
	return 0;
}

/* Whether "term=" was typed. */
static bool given_value(const struct pmu *pmu, const char *term)
{
	size_t len = strlen(term);

	for (const char *at = pmu->given; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, term, len) && at[len] == '=')
			return true;
	}
	return false;
}

static int needs_value(const struct pmu *pmu, const char *term)
{
	return fault_set(pmu->fault, -EINVAL, "event %s/%s/: it needs a value, as in %s,%s=1",
		pmu->name, pmu->given, pmu->given, term);
}

static int apply_terms(const struct pmu *pmu, const char *terms, bool nested);

static int apply_term(const struct pmu *pmu, char *term, bool nested)
{
	char *equals = strchr(term, '='), line[512];
	uint64_t value = 1, *field;

	if (!equals && !nested && !read_file(pmu, "events/", term, line, sizeof(line)))
		return apply_terms(pmu, line, true);
	if (equals) {
		*equals++ = 0;
		if (nested && !strcmp(equals, "?"))
			return given_value(pmu, term) ? 0 : needs_value(pmu, term);
		if (number_any(equals, &value))
			return fault_set(pmu->fault, -EINVAL, "event %s/%s/: '%s=%s' is no number",
				pmu->name, pmu->given, term, equals);
	}
	field = field_of(pmu->spec, term, strlen(term));
	if (field && equals) {
		*field = value;
		return 0;
	}
	if (read_file(pmu, "format/", term, line, sizeof(line)))
		return unknown_term(pmu, term);
	return set_format(pmu, line, term, value);
}

/* An events/ file holds terms but never another event: one level, no more. */
static int apply_terms(const struct pmu *pmu, const char *terms, bool nested)
{
	char copy[512], *rest = copy, *term;

	if (snprintf(copy, sizeof(copy), "%s", terms) >= (int)sizeof(copy))
		return fault_set(
			pmu->fault, -EINVAL, "event %s/.../: the terms are too long", pmu->name);
	while ((term = strsep(&rest, ","))) {
		int err = *term ? apply_term(pmu, term, nested)
				: fault_set(pmu->fault, -EINVAL, "event %s/%s/: an empty term",
					  pmu->name, pmu->given);

		if (err)
			return err;
	}
	return 0;
}

static int find_pmu(struct pmu *pmu, const char *sysfs)
{
	char line[64], best[256] = "", hint[300];
	uint64_t type;

	if (snprintf(pmu->directory, sizeof(pmu->directory), "%s/%s", sysfs, pmu->name) >=
			(int)sizeof(pmu->directory) ||
		strchr(pmu->name, '/') || pmu->name[0] == '.' ||
		read_file(pmu, "", "type", line, sizeof(line)) || number_decimal(line, &type) ||
		type > UINT32_MAX) {
		nearest_entry(sysfs, pmu->name, best, sizeof(best));
		nearest_hint(hint, sizeof(hint), "", *best ? best : NULL);
		return fault_set(pmu->fault, -ENOENT,
			"event %s/%s/: this machine has no PMU '%s'%s", pmu->name, pmu->given,
			pmu->name, *hint ? hint : "; see profound list events");
	}
	pmu->spec->type = type;
	return 0;
}

/* Hybrid core PMUs have "cpus", uncore ones "cpumask"; others belong to every CPU. */
static void read_cpus(const struct pmu *pmu)
{
	static const char *const names[] = {"cpus", "cpumask"};
	char path[PATH_MAX + 16];

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names) && !pmu->spec->by_cpu; i++) {
		snprintf(path, sizeof(path), "%s/%s", pmu->directory, names[i]);
		pmu->spec->by_cpu = !cpu_mask_read(&pmu->spec->cpus, path);
	}
}

int event_pmu_parse(struct event_spec *spec, const char *sysfs, const char *name, const char *terms,
	struct fault *fault)
{
	struct event_spec parsed = *spec;
	struct pmu pmu = {.name = name, .spec = &parsed, .fault = fault, .given = terms};
	int err = find_pmu(&pmu, sysfs);

	if (!err && *terms)
		err = apply_terms(&pmu, terms, false);
	if (err)
		return err;
	read_cpus(&pmu);
	*spec = parsed;
	return 0;
}

/* events/ also holds the unit and the scale of an event. */
static bool is_event(const char *name)
{
	return name[0] != '.' && !strchr(name, '.');
}

static int each_event(const char *sysfs, const char *pmu,
	int (*each)(void *context, const char *name), void *context)
{
	char path[PATH_MAX], name[600];
	struct dirent *entry;
	int stop = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s/events", sysfs, pmu);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (!stop && (entry = readdir(dir))) {
		if (!is_event(entry->d_name))
			continue;
		snprintf(name, sizeof(name), "%s/%s/", pmu, entry->d_name);
		stop = each(context, name);
	}
	closedir(dir);
	return stop;
}

int event_pmu_each(const char *sysfs, int (*each)(void *context, const char *name), void *context)
{
	DIR *dir = opendir(sysfs);
	struct dirent *entry;
	int stop = 0;

	if (!dir)
		return 0;
	while (!stop && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			stop = each_event(sysfs, entry->d_name, each, context);
	closedir(dir);
	return stop;
}
