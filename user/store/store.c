// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/folder.h"

#define NAME "profiles.sqlite"
#define VERSION 1
#define LEVEL 3
#define WAIT_MS 5000 /* for another process's transaction */
#define ROW_MAX (1u << 30) /* unpacked */

struct store {
	sqlite3 *db;
	char *path;
};

static int errno_of(int status)
{
	switch (status & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static int failed(const struct store *store, int status, const char *what, struct fault *fault)
{
	int err = errno_of(status);
	const char *hint = err == -EBADMSG ? "; move it away, and the agent begins a new one" : "";

	return fault_set(fault, err, "cannot %s %s: %s%s", what, store->path, sqlite3_errmsg(store->db), hint);
}

static int run(struct store *store, const char *sql, const char *what, struct fault *fault)
{
	int status = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return status == SQLITE_OK ? 0 : failed(store, status, what, fault);
}

/* The first column of the first row. */
static int ask(struct store *store, const char *sql, int64_t *value, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	if (status == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return status == SQLITE_ROW ? 0 : failed(store, status, "read", fault);
}

static int check_version(struct store *store, bool write, struct fault *fault)
{
	int64_t version = 0;
	int err = ask(store, "PRAGMA user_version", &version, fault);

	if (err)
		return err;
	if (version > VERSION)
		return fault_set(fault, -ENOTSUP, "%s is of a newer profound (version %lld): use that one, or another --store",
			store->path, (long long)version);
	if (version || !write)
		return 0;
	return run(store,
		"BEGIN IMMEDIATE;"
		"CREATE TABLE IF NOT EXISTS profile(id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,"
		" samples INTEGER NOT NULL, otlp_zstd BLOB NOT NULL);"
		"CREATE INDEX IF NOT EXISTS profile_end ON profile(end_ns);"
		"CREATE UNIQUE INDEX IF NOT EXISTS profile_span ON profile(start_ns, end_ns);"
		"PRAGMA user_version=1;"
		"COMMIT",
		"make", fault);
}

static int settle(struct store *store, bool write, struct fault *fault)
{
	int err = 0;

	sqlite3_busy_timeout(store->db, WAIT_MS);
	if (write)
		err = run(store,
			"PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
			"PRAGMA journal_size_limit=4194304;PRAGMA cache_size=-1024",
			"open", fault);
	return err ? err : check_version(store, write, fault);
}

int store_open(struct store **out, const char *dir, bool write, struct fault *fault)
{
	struct store *store = calloc(1, sizeof(*store));
	int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE, status, err;

	if (!store || asprintf(&store->path, "%s/" NAME, dir) < 0) {
		free(store);
		return fault_set(fault, -ENOMEM, "no memory for the store");
	}
	err = write ? folder_make(dir) : 0;
	if (err) {
		fault_set(fault, err, "cannot make the directory %s: %s", dir, strerror(-err));
		store_close(store);
		return err;
	}
	/* A reader writes, too, where it can: the index of the log (sqlite.org/wal.html, "Read-Only Databases"). */
	status = sqlite3_open_v2(store->path, &store->db, flags, NULL);
	if (!write && (status & 0xff) == SQLITE_CANTOPEN) {
		err = fault_set(fault, -ENOENT, "no history in %s: no such file as %s; is it what the agent's --store names?", dir,
			store->path);
	} else {
		err = status == SQLITE_OK ? settle(store, write, fault) : failed(store, status, "open", fault);
	}
	if (err) {
		store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

static int insert(struct store *store, const struct store_row *row, const void *packed, size_t size, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->db,
		"INSERT OR REPLACE INTO profile(start_ns, end_ns, samples, otlp_zstd) VALUES(?, ?, ?, ?)", -1, &statement, NULL);

	if (status == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, row->start_ns);
		sqlite3_bind_int64(statement, 2, row->end_ns);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)row->samples);
		status = sqlite3_bind_blob64(statement, 4, packed, size, SQLITE_STATIC);
	}
	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	sqlite3_finalize(statement);
	return status == SQLITE_DONE ? 0 : failed(store, status, "write to", fault);
}

int store_put(struct store *store, const struct store_row *row, const void *otlp, size_t size, struct fault *fault)
{
	size_t room = ZSTD_compressBound(size), packed;
	void *bytes = malloc(room);
	int err;

	if (!bytes)
		return fault_set(fault, -ENOMEM, "no memory to pack a profile for %s", store->path);
	packed = ZSTD_compress(bytes, room, otlp, size, LEVEL);
	if (ZSTD_isError(packed))
		err = fault_set(fault, -ENOMEM, "cannot pack a profile for %s: %s", store->path, ZSTD_getErrorName(packed));
	else
		err = insert(store, row, bytes, packed, fault);
	free(bytes);
	return err;
}

static int used_bytes(struct store *store, uint64_t *bytes, struct fault *fault)
{
	int64_t pages = 0, free_pages = 0, page = 0;
	int err = ask(store, "PRAGMA page_count", &pages, fault);

	if (!err)
		err = ask(store, "PRAGMA freelist_count", &free_pages, fault);
	if (!err)
		err = ask(store, "PRAGMA page_size", &page, fault);
	*bytes = (uint64_t)((pages - free_pages) * page);
	return err;
}

static int delete_before(struct store *store, int64_t before_ns, uint64_t *gone, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->db, "DELETE FROM profile WHERE end_ns < ?", -1, &statement, NULL);

	if (status == SQLITE_OK)
		status = sqlite3_bind_int64(statement, 1, before_ns);
	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	sqlite3_finalize(statement);
	if (status != SQLITE_DONE)
		return failed(store, status, "delete from", fault);
	*gone += (uint64_t)sqlite3_changes(store->db);
	return 0;
}

int store_trim(struct store *store, int64_t before_ns, uint64_t most_bytes, uint64_t *out, struct fault *fault)
{
	uint64_t gone = 0, bytes = 0;
	int err = delete_before(store, before_ns, &gone, fault);

	while (!err) {
		err = used_bytes(store, &bytes, fault);
		if (err || bytes <= most_bytes)
			break;
		err = run(store, "DELETE FROM profile WHERE id = (SELECT id FROM profile ORDER BY id LIMIT 1)",
			"delete from", fault);
		if (err || !sqlite3_changes(store->db))
			break;
		gone++;
	}
	if (!err)
		err = run(store, "PRAGMA incremental_vacuum", "shrink", fault);
	*out = gone;
	return err;
}

static int unpack(const void *packed, size_t size, void **out, size_t *out_size)
{
	unsigned long long whole = ZSTD_getFrameContentSize(packed, size);
	size_t got;
	void *bytes;

	if (whole == ZSTD_CONTENTSIZE_UNKNOWN || whole == ZSTD_CONTENTSIZE_ERROR || whole > ROW_MAX)
		return -EBADMSG;
	bytes = malloc(whole + 1);
	if (!bytes)
		return -ENOMEM;
	got = ZSTD_decompress(bytes, whole, packed, size);
	if (ZSTD_isError(got) || got != whole) {
		free(bytes);
		return -EBADMSG;
	}
	*out = bytes;
	*out_size = got;
	return 0;
}

typedef int each_row(void *context, const struct store_row *row, const void *otlp, size_t size);

static int give(const struct store *store, sqlite3_stmt *statement, each_row *each, void *context, struct fault *fault)
{
	const struct store_row row = {sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
		(uint64_t)sqlite3_column_int64(statement, 2)};
	const void *packed = sqlite3_column_blob(statement, 3);
	void *otlp;
	size_t size;
	int err = unpack(packed, (size_t)sqlite3_column_bytes(statement, 3), &otlp, &size);

	if (err)
		return fault_set(fault, err, "a profile in %s cannot be unpacked: %s", store->path, strerror(-err));
	err = each(context, &row, otlp, size);
	free(otlp);
	return err;
}

int store_each(struct store *store, int64_t from_ns, int64_t to_ns, each_row *each, void *context, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->db,
		"SELECT start_ns, end_ns, samples, otlp_zstd FROM profile WHERE end_ns > ? AND start_ns < ? ORDER BY start_ns, id",
		-1, &statement, NULL), err = 0;

	if (status == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, from_ns);
		sqlite3_bind_int64(statement, 2, to_ns);
		while (!err && (status = sqlite3_step(statement)) == SQLITE_ROW)
			err = give(store, statement, each, context, fault);
	}
	sqlite3_finalize(statement);
	if (!err && status != SQLITE_DONE)
		return failed(store, status, "read", fault);
	return err;
}

int store_span(struct store *store, int64_t *start_ns, int64_t *end_ns, struct fault *fault)
{
	int64_t start = 0, end = 0;
	int err = ask(store, "SELECT coalesce(min(start_ns), 0) FROM profile", &start, fault);

	if (!err)
		err = ask(store, "SELECT coalesce(max(end_ns), 0) FROM profile", &end, fault);
	if (err)
		return err;
	*start_ns = start;
	*end_ns = end;
	return 0;
}
