// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qkdnfctl federation: asking the daemon of this machine.
 *
 * A request and its answer are JSON objects, each after its length, on a socket.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "office.h"

#define ANSWER_MAX (64u << 20)
#define STATE_MAX  (16u << 20)

/* --- asking ------------------------------------------------------------------------ */

static int dial(const char *path, struct qn_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return qn_fail(err, "'%s' is too long for a socket", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		qn_fail(err, "no daemon listens on %s: start qkdnfd, or name its socket", path);
	else
		qn_fail_errno(err, errno, "cannot speak to the daemon on %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Returns 0 also if the daemon stops listening: then it has an answer already. */
static int send_all(int fd, const void *data, size_t len, struct qn_error *err)
{
	const char *at = data;

	while (len) {
		ssize_t done = send(fd, at, len, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (done < 0)
			return qn_fail_errno(err, errno, "cannot ask the daemon");
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t len, struct qn_error *err)
{
	char *at = data;

	while (len) {
		ssize_t done = recv(fd, at, len, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return qn_fail(err,
				       "the daemon ended before it answered: its log tells more");
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

static json_t *receive(int fd, struct qn_error *err)
{
	json_error_t why;
	json_t *answer;
	uint32_t head;
	char *text;

	if (receive_all(fd, &head, sizeof(head), err))
		return NULL;
	head = ntohl(head);
	if (head > ANSWER_MAX) {
		qn_fail(err, "the answer has %u octets: is it qkdnfd that answers?", head);
		return NULL;
	}
	text = qn_alloc(head + 1);
	answer = NULL;
	if (!receive_all(fd, text, head, err)) {
		answer = json_loadb(text, head, JSON_REJECT_DUPLICATES, &why);
		if (!json_is_object(answer)) {
			json_decref(answer);
			answer = NULL;
			qn_fail(err, "the answer is no JSON object: is it qkdnfd that answers?");
		}
	}
	free(text);
	return answer;
}

/* Takes @request over. Returns the answer, or NULL with an error: the daemon's own, too. */
static json_t *ask(const char *path, json_t *request, struct qn_error *err)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	uint32_t head = htonl((uint32_t)len);
	json_t *answer = NULL;
	const char *detail;
	int fd = -1;

	json_decref(request);
	if (!len)
		qn_fail(err, "the request holds what is no UTF-8 text");
	else
		fd = dial(path, err);
	if (fd >= 0 && !send_all(fd, &head, sizeof(head), err) && !send_all(fd, text, len, err))
		answer = receive(fd, err);
	free(text);
	if (fd >= 0)
		close(fd);
	detail = json_string_value(json_object_get(answer, "detail"));
	if (detail) {
		qn_fail(err, "%s", detail);
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* [socket PATH], and nothing else. */
static const char *socket_only(struct ctl *ctl, int argc, char **argv)
{
	if (!argc)
		return OFFICE_SOCKET;
	if (!strcmp(argv[0], "socket") && argc == 2)
		return argv[1];
	ctl_usage(ctl, strcmp(argv[0], "socket") ? "'%s' is too much" : "%s wants a path", argv[0]);
	return NULL;
}

/* --- status ------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

static long long count_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void line(struct ctl *ctl, const char *head, const char *colour, const char *text)
{
	qn_out_paint(&ctl->out, QN_BOLD, "%-9s", head);
	qn_out_paint(&ctl->out, colour, "%s", text);
	fputc('\n', ctl->out.file);
}

static void print_state(struct ctl *ctl, const json_t *state)
{
	const char *colour = QN_GREEN;
	const char *error = json_string_value(json_object_get(state, "error"));
	char *text;

	if (!json_string_value(json_object_get(state, "number"))) {
		line(ctl, "state", QN_DIM, "none is desired: 'qkdnfctl federation apply FILE'");
		return;
	}
	if (error) {
		colour = QN_RED;
		text = qn_asprintf("%s, not reached", text_of(state, "number"));
	} else if (count_of(state, "wanting")) {
		colour = QN_YELLOW;
		text = qn_asprintf("%s, %lld steps are wanting", text_of(state, "number"),
				   count_of(state, "wanting"));
	} else {
		text = qn_asprintf("%s, as desired", text_of(state, "number"));
	}
	line(ctl, "state", colour, text);
	free(text);
	if (error)
		line(ctl, "", QN_RED, error);
	text = qn_asprintf("%s; each %llds: %s; %lld steps mended", text_of(state, "checked"),
			   count_of(state, "drift_check_s"), text_of(state, "drift"),
			   count_of(state, "mended"));
	line(ctl, "looked", NULL, text);
	free(text);
}

static void print_status(struct ctl *ctl, const json_t *a)
{
	const json_t *provider = json_object_get(a, "provider");
	char *text = qn_asprintf("%s (%s), since %s, process %lld", text_of(provider, "name"),
				 text_of(provider, "number"), text_of(a, "started"),
				 count_of(a, "pid"));

	line(ctl, "provider", NULL, text);
	free(text);
	if (!json_is_true(json_object_get(a, "module")))
		line(ctl, "node", QN_YELLOW, "none: the module qkdnf is not loaded here");
	else if (json_string_value(json_object_get(a, "node_error")))
		line(ctl, "node", QN_RED, text_of(a, "node_error"));
	else
		line(ctl, "node", NULL, text_of(a, "node"));
	print_state(ctl, json_object_get(a, "state"));
}

int office_status(struct ctl *ctl, int argc, char **argv)
{
	const char *path = socket_only(ctl, argc, argv);
	json_t *a;

	if (!path)
		return CTL_USAGE;
	a = ask(path, json_pack("{s:s}", "request", "status"), &ctl->err);
	if (!a)
		return ctl_failed(ctl);
	if (ctl->out.json) {
		qn_out_json(&ctl->out, a);
		return 0;
	}
	print_status(ctl, a);
	json_decref(a);
	return 0;
}

/* --- meters ------------------------------------------------------------------------- */

int office_meters(struct ctl *ctl, int argc, char **argv)
{
	const char *path = socket_only(ctl, argc, argv);
	json_t *a, *one;
	size_t i;

	if (!path)
		return CTL_USAGE;
	a = ask(path, json_pack("{s:s}", "request", "meters"), &ctl->err);
	if (!a)
		return ctl_failed(ctl);
	qn_out_list_begin(&ctl->out, &view_contracts);
	json_array_foreach(json_object_get(a, "contracts"), i, one) {
		struct qn_rec *rec = qn_rec_from_json(&qn_set_contract, one, &ctl->err);

		if (!rec)
			break;
		qn_out_row(&ctl->out, rec);
		qn_rec_free(rec);
	}
	qn_out_list_end(&ctl->out);
	one = json_array_get(json_object_get(a, "contracts"), i);
	json_decref(a);
	return one ? ctl_failed(ctl) : 0;
}

/* --- the desired state ---------------------------------------------------------------- */

int office_state(struct ctl *ctl, int argc, char **argv)
{
	const char *path = socket_only(ctl, argc, argv);
	json_t *a;

	if (!path)
		return CTL_USAGE;
	a = ask(path, json_pack("{s:s}", "request", "state-show"), &ctl->err);
	if (!a)
		return ctl_failed(ctl);
	if (ctl->out.json) {
		qn_out_json(&ctl->out, a);
		return 0;
	}
	fprintf(ctl->out.file, "# desired state %s\n%s", text_of(a, "number"), text_of(a, "text"));
	json_decref(a);
	return 0;
}

static int print_steps(struct ctl *ctl, json_t *a, const char *none)
{
	const json_t *one;
	long long more;
	size_t i;

	if (ctl->out.json) {
		qn_out_json(&ctl->out, a);
		return 0;
	}
	json_array_foreach(json_object_get(a, "steps"), i, one) {
		const char *sign = text_of(one, "sign");

		qn_out_paint(&ctl->out,
			     *sign == '+' ? QN_GREEN :
			     *sign == '-' ? QN_RED :
					    QN_YELLOW,
			     "%s", sign);
		fprintf(ctl->out.file, " %s\n", text_of(one, "text"));
	}
	more = count_of(a, "step_count") - (long long)i;
	if (more > 0)
		fprintf(ctl->out.file, "and %lld more\n", more);
	if (!count_of(a, "step_count"))
		fprintf(ctl->out.file, "%s\n", none);
	json_decref(a);
	return 0;
}

int office_check(struct ctl *ctl, int argc, char **argv)
{
	const char *path = socket_only(ctl, argc, argv);
	json_t *a;

	if (!path)
		return CTL_USAGE;
	a = ask(path, json_pack("{s:s}", "request", "state-check"), &ctl->err);
	return a ? print_steps(ctl, a, "nothing is wanting: the node is as desired") :
		   ctl_failed(ctl);
}

static json_t *read_text(const char *name, struct qn_error *err)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	char *text = qn_alloc(STATE_MAX + 1);
	json_t *value = NULL;
	size_t len;

	if (!file) {
		qn_fail_errno(err, errno, "cannot open %s", name);
		free(text);
		return NULL;
	}
	len = fread(text, 1, STATE_MAX + 1, file);
	if (ferror(file))
		qn_fail_errno(err, errno, "cannot read %s", name);
	else if (len > STATE_MAX)
		qn_fail(err, "%s is larger than %u MiB: is it the right file?", name,
			STATE_MAX >> 20);
	else
		value = json_stringn(text, len);
	if (!value && !ferror(file) && len <= STATE_MAX)
		qn_fail(err, "%s is no UTF-8 text", name);
	if (file != stdin)
		fclose(file);
	free(text);
	return value;
}

int office_apply(struct ctl *ctl, int argc, char **argv)
{
	const char *path = OFFICE_SOCKET, *file = NULL;
	json_t *request = json_pack("{s:s}", "request", "state-apply"), *text, *a;
	int i;

	for (i = 0; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--dry-run"))
			json_object_set_new(request, "dry_run", json_true());
		else if (!strcmp(argv[i], "--remake"))
			json_object_set_new(request, "remake", json_true());
		else if (!strcmp(argv[i], "number") && more)
			json_object_set_new(request, "number", json_string(argv[++i]));
		else if (!strcmp(argv[i], "socket") && more)
			path = argv[++i];
		else if (!file && (argv[i][0] != '-' || !argv[i][1]))
			file = argv[i];
		else
			break;
	}
	if (i < argc || !file) {
		json_decref(request);
		return ctl_usage(ctl,
				 i < argc ? "'%s' is too much, or lacks its value" :
					    "which file?%s",
				 i < argc ? argv[i] : "");
	}
	text = read_text(file, &ctl->err);
	if (!text) {
		json_decref(request);
		return ctl_failed(ctl);
	}
	json_object_set_new(request, "text", text);
	a = ask(path, request, &ctl->err);
	return a ? print_steps(ctl, a, "nothing to do: what runs is what the file says") :
		   ctl_failed(ctl);
}

/* --- settings --------------------------------------------------------------------------- */

int office_reload(struct ctl *ctl, int argc, char **argv)
{
	const char *path = socket_only(ctl, argc, argv);
	json_t *a;

	if (!path)
		return CTL_USAGE;
	a = ask(path, json_pack("{s:s}", "request", "reload"), &ctl->err);
	if (!a)
		return ctl_failed(ctl);
	if (ctl->out.json)
		qn_out_json(&ctl->out, a);
	else
		json_decref(a);
	return 0;
}
