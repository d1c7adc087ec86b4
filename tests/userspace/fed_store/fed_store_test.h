/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the daemon's store: the same ones on SQLite and on PostgreSQL. */
#ifndef FED_STORE_TEST_H
#define FED_STORE_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store.h"

/* Begin a test; its verdict is printed when the next one begins. NULL: the end. */
void test_begin(const char *place, const char *name);
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool test_failed(void);

#define CHECK(c)	((c) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #c))
#define CHECK_OK(c, err)						\
	((c) ? (void)0 : test_fail(__FILE__, __LINE__, "%s: %s", #c, (err).text))
#define CHECK_HAS(got, part)						\
	do {								\
		const char *got_ = (got), *part_ = (part);		\
		if (!strstr(got_, part_))				\
			test_fail(__FILE__, __LINE__, "'%s' has no '%s'", got_, part_); \
	} while (0)

/* Random numbers, the same in each run. */
uint64_t test_random(void);

/* --- where the tests take place -------------------------------------------------- */

/* A kind of database. */
struct place {
	const char *name;
	/* URI of an empty database, for free(). */
	char *(*fresh)(void);
	/* As many rounds as this of what is done hundreds of times on the quickest. */
	unsigned int rounds;
};

/* A new directory, removed at the end; its path lives until the next one. */
const char *fresh_directory(void);
/* rm -r */
void remove_tree(const char *path);

extern const struct qf_schema test_schema;

/* A store with its loop. */
struct desk {
	sd_event *event;
	struct qf_store *store;
	/* Of submit_item(): how many are done, well done, and the last error. */
	unsigned int done, good;
	struct qn_error error;
	/* Last state that was told; -1: none. */
	int state;
	/* Submit once more what is refused because the server is away. */
	bool patient;
};

/* Fails the test if it cannot be opened. */
bool desk_open(struct desk *desk, const char *uri);
void desk_close(struct desk *desk);
/* Let the loop run until so many jobs are done, or 30 s are over (a failure). */
void desk_wait(struct desk *desk, unsigned int done);

/* A job that adds an item and its twin, each a row of its own. */
void submit_item(struct desk *desk, int64_t id, const char *name);
/* How many items and how many twins there are: -1 if that cannot be read. */
int64_t count_rows(struct qf_store *store, const char *query);
#define COUNT_ITEMS "SELECT COUNT(*) FROM item"
#define COUNT_TWINS "SELECT COUNT(*) FROM twin"

/* --- a server ---------------------------------------------------------------------- */

/* Is PostgreSQL unpacked here? Says where it was looked for. */
const char *server_missing(void);
bool server_start(void);
/* signal: SIGINT ends sessions and stops in order, SIGQUIT as if it had crashed. */
void server_stop(int signal);
char *server_fresh_database(void);
/* Commands as the administrator: false if one of them fails. */
bool server_sql(const char *uri, const char *sql);
void server_remove(void);

/* --- a wire to cut ------------------------------------------------------------------- */

/* Where a wire is cut: the server has not had the COMMIT, or it has done it. */
enum cut { CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT };

/*
 * A way to the server that uri names, cut at each every-th COMMIT; 0: at the first,
 * and then for good. Returns the URI through it, for free().
 */
char *wire_open(const char *uri, enum cut cut, unsigned int every);
/* Cut from now on. */
void wire_arm(void);
/* How often it was cut. */
unsigned int wire_close(void);

/* --- groups of tests ------------------------------------------------------------------ */

void test_statements(const struct place *place);
void test_commits(const struct place *place);
void test_schemas(const struct place *place);
void test_outbox(const struct place *place);
void test_kills(const struct place *place);
void test_speed(const struct place *place);
void test_files(void);
void test_servers(const struct place *place);

#endif
