// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages that wait to be sent: at least once, never too many at a time. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fed_store_test.h"
#include "outbox.h"

#define PARTNERS 5
#define EACH 3

/* Partners that answer later, from the loop; every so often one answers nothing. */
struct post {
	sd_event *event;
	struct qf_store *store;
	struct qf_outbox *outbox;
	unsigned int under_way[PARTNERS], most, sent, gone, failed;
	bool deaf;
};

struct letter {
	struct post *post;
	int64_t id;
	unsigned int partner;
	bool lost;
};

static int remove_letter(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	return qf_outbox_remove(txn, ((struct letter *)arg)->id, err);
}

static void removed(void *arg, int result, const struct qn_error *err)
{
	struct letter *letter = arg;

	CHECK_OK(!result, *err);
	letter->post->gone++;
	qf_outbox_finished(letter->post->outbox, letter->id);
	free(letter);
}

static int answer(sd_event_source *source, void *arg)
{
	struct letter *letter = arg;
	struct post *post = letter->post;

	sd_event_source_unref(source);
	post->under_way[letter->partner]--;
	if (letter->lost) {
		post->failed++;
		qf_outbox_failed(post->outbox, letter->id, "no answer");
		free(letter);
	} else {
		qf_store_submit(post->store, remove_letter, removed, letter);
	}
	return 0;
}

static void send_letter(void *arg, const struct qf_letter *message)
{
	struct letter *letter = qn_alloc(sizeof(*letter));
	struct post *post = arg;
	sd_event_source *source;
	char body[32];

	letter->post = post;
	letter->id = message->id;
	letter->partner = atoi(message->partner + 1);
	letter->lost = post->deaf || (message->tries == 0 && post->sent % 7 == 3);
	snprintf(body, sizeof(body), "to %s", message->partner);
	CHECK(message->len == strlen(body) && !memcmp(message->body, body, message->len));
	CHECK(!strcmp(message->kind, "letter"));
	post->sent++;
	if (++post->under_way[letter->partner] > post->most)
		post->most = post->under_way[letter->partner];
	sd_event_add_defer(post->event, &source, answer, letter);
}

static int put_letters(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	char partner[16], body[32];
	unsigned int i;

	for (i = 0; i < *(unsigned int *)arg; i++) {
		snprintf(partner, sizeof(partner), "p%u", i % PARTNERS);
		snprintf(body, sizeof(body), "to %s", partner);
		if (qf_outbox_put(txn, partner, "letter", body, strlen(body), err) < 0)
			return -1;
	}
	return 0;
}

static int put_and_refuse(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	put_letters(txn, arg, err);
	return qn_fail(err, "no");
}

static bool begin(struct post *post, const char *uri)
{
	struct qn_error err;

	memset(post, 0, sizeof(*post));
	if (sd_event_new(&post->event) < 0)
		exit(1);
	if (qf_store_open(&post->store, uri, &qf_schema, post->event, &err)) {
		test_fail(__FILE__, __LINE__, "%s", err.text);
		sd_event_unref(post->event);
		return false;
	}
	post->outbox = qf_outbox_open(post->store, post->event, EACH, send_letter, post);
	return true;
}

static void end(struct post *post)
{
	qf_outbox_close(post->outbox);
	qf_store_close(post->store);
	sd_event_unref(post->event);
}

/* Run the loop until so many are gone and so many failed, or for a second in vain. */
static void run_until(struct post *post, unsigned int gone, unsigned int failed)
{
	int left = 100;

	while (left && (post->gone < gone || post->failed < failed))
		if (!sd_event_run(post->event, 100000))
			left--;
}

void test_outbox(const struct place *place)
{
	const int64_t begun = 1700000000 * QF_SECOND;
	char *uri = place->fresh();
	unsigned int count = 100, failed;
	struct qn_error err;
	struct post post;

	test_begin(place->name, "outbox");
	qf_clock_set(begun);
	CHECK(qf_outbox_pause(0, 0) == QF_SECOND && qf_outbox_pause(3, 0) == 8 * QF_SECOND);
	CHECK(qf_outbox_pause(60, 1023) < 376 * QF_SECOND);
	if (!begin(&post, uri))
		goto out;
	CHECK(qf_store_run(post.store, put_and_refuse, &count, &err) == -1);
	CHECK_OK(!qf_store_run(post.store, put_letters, &count, &err), err);
	run_until(&post, 80, 1);
	/* The clock stands still, so what failed is not due. */
	sd_event_run(post.event, 300000);
	CHECK(post.failed > 5 && post.gone + post.failed == 100 && post.most == EACH);
	failed = post.failed;
	CHECK(count_rows(post.store, "SELECT COUNT(*) FROM outbox WHERE tries = 1 AND why ="
				     " 'no answer'") == failed);
	end(&post);

	/* Whoever comes next sends what is left, when it is due. */
	test_begin(place->name, "outbox-reopened");
	qf_clock_set(begun + 2 * QF_SECOND);
	if (!begin(&post, uri))
		goto out;
	run_until(&post, failed, 0);
	CHECK(post.gone == failed && !post.failed);
	CHECK(count_rows(post.store, "SELECT COUNT(*) FROM outbox") == 0);
	end(&post);

	/* Nobody answers: each is tried again as its time comes, none is lost. */
	test_begin(place->name, "outbox-deaf");
	if (!begin(&post, uri))
		goto out;
	post.deaf = true;
	CHECK_OK(!qf_store_run(post.store, put_letters, &count, &err), err);
	run_until(&post, 0, 100);
	CHECK(count_rows(post.store, "SELECT COUNT(*) FROM outbox WHERE tries >= 1") > 80);
	/* Closed while some are under way. */
	end(&post);
	qf_clock_set(begun + 60 * QF_SECOND);
	if (!begin(&post, uri))
		goto out;
	run_until(&post, 100, 0);
	CHECK(post.gone == 100 && count_rows(post.store, "SELECT COUNT(*) FROM outbox") == 0);
	end(&post);
out:
	qf_clock_set(0);
	free(uri);
}
