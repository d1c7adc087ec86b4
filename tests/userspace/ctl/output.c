// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing: tables stay in line, JSON is JSON, and comes back as it went. */
#define _GNU_SOURCE
#include <linux/qkdnf.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "event.h"
#include "output.h"
#include "text.h"

#define NODE(p, n)	((uint64_t)(p) << 32 | (n))

static const struct qn_col cols[] = {
	{ .head = "TO", .attr = QKDNF_A_ROUTE_DESTINATION },
	{ .head = "VIA", .attr = QKDNF_A_ROUTE_VIA },
	{ .head = "SWITCHED", .attr = QKDNF_A_ROUTE_SWITCHED, .right = true },
};

static const struct qn_view view = QN_VIEW(cols, "none");

/* Print @n routes and return what came out; the caller frees. */
static char *print(unsigned int n, bool json)
{
	struct qn_out out;
	unsigned int i;
	char *text;
	size_t size;
	FILE *file = tmpfile();

	qn_out_init(&out, file, json);
	qn_out_list_begin(&out, &view);
	for (i = 0; i < n; i++) {
		struct qn_rec *rec = qn_rec_new(&qn_set_route);

		qn_set(rec, QKDNF_A_ROUTE_DESTINATION, NODE(64496, i + 1));
		if (i % 2)
			qn_set(rec, QKDNF_A_ROUTE_VIA, NODE(64496, 2));
		qn_set(rec, QKDNF_A_ROUTE_SWITCHED, i);
		qn_out_row(&out, rec);
		qn_rec_free(rec);
	}
	qn_out_list_end(&out);
	size = (size_t)ftell(file);
	rewind(file);
	text = calloc(1, size + 1);
	CHECK(fread(text, 1, size, file) == size);
	fclose(file);
	return text;
}

static void tables(void)
{
	char *text, *line, *save;
	unsigned int lines = 0;

	test_begin("table");
	text = print(2, false);
	CHECK_STR(text, "TO       VIA      SWITCHED\n"
			"64496:1  -               0\n"
			"64496:2  64496:2         1\n");
	free(text);
	/* A program that reads a table of nothing reads nothing. */
	text = print(0, false);
	CHECK_STR(text, "");
	free(text);

	test_begin("table-long");
	text = print(1700, false);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CHECK(!lines == !strncmp(line, "TO", 2));
		lines++;
	}
	CHECK(lines == 1701);
	free(text);
}

static void json(void)
{
	json_error_t problem;
	json_t *value;
	char *text;
	size_t i;

	test_begin("json-lists");
	for (i = 0; i < 3; i++) {
		text = print((unsigned int)i, true);
		value = json_loads(text, 0, &problem);
		if (!value)
			test_fail(__FILE__, __LINE__, "%zu rows: %s", i, problem.text);
		CHECK(json_array_size(value) == i);
		json_decref(value);
		free(text);
	}
}

/* Anything that a record can hold comes back from JSON. */
static void json_back(void)
{
	static const char state[] =
		"{\"node\":{\"id\":\"64496:1\",\"port\":17717,\"mem_max\":0},"
		"\"peers\":[{\"id\":\"64496:2\",\"kind\":\"link\",\"name\":\"a\\\"2\","
		"\"addr4\":\"192.0.2.1\",\"border\":false,\"incarnation\":\"0xffffffffffffffff\",\"computational\":true,"
		"\"counters\":{\"rx_frames\":7},\"books\":{\"in\":1}}],"
		"\"sources\":[],\"routes\":[{\"destination\":\"64498:*\",\"provider_wide\":true,"
		"\"share\":2,\"via\":\"64496:2\"}],\"contracts\":[],"
		"\"bindings\":[{\"reqid\":7,\"peer\":\"64496:2\",\"addr4\":\"192.0.2.1\",\"esn\":true}],"
		"\"tunnels\":[{\"peer\":\"64496:2\",\"allow_rng\":false,\"name\":\"otp0\"}],"
		"\"interfaces\":[{\"name\":\"x7\",\"if_id\":7}],"
		"\"policies\":[{\"reqid\":7,\"own\":\"10.1.0.0/16\",\"far\":\"10.2.0.0/16\",\"if_id\":7,"
		"\"directions\":\"in+out+forward\",\"mode\":\"tunnel\",\"local\":\"192.0.2.1\","
		"\"optional\":false,\"narrow\":false}],"
		"\"relays\":[],\"flows\":[],\"stats\":{},"
		"\"emu\":[{\"name\":\"l\",\"ends\":\"a+b\",\"outages\":"
		"{\"outage\":[{\"start\":1,\"duration\":2}]}}]}";
	struct qn_error err = { 0 };
	struct qn_model model;
	json_t *a = json_loads(state, 0, NULL), *b;
	int ret = qn_model_from_json(&model, a, &err);

	test_begin("json-back");
	if (ret)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	b = qn_model_to_json(&model);
	if (!json_equal(a, b)) {
		char *text = json_dumps(b, JSON_COMPACT);

		test_fail(__FILE__, __LINE__, "became %s", text);
		free(text);
	}
	json_decref(b);
	qn_model_free(&model);

	test_begin("json-refused");
	json_object_set_new(json_array_get(json_object_get(a, "peers"), 0), "kind",
			    json_string("lonk"));
	CHECK(qn_model_from_json(&model, a, &err));
	CHECK_HAS(err.text, "peers[0]: kind: 'lonk' is not one of");
	qn_model_free(&model);
	json_decref(a);
	a = json_pack("[]");
	CHECK(qn_model_from_json(&model, a, &err));
	qn_model_free(&model);
	json_decref(a);
}

static void events(void)
{
	struct qn_rec *e = qn_rec_new(&qn_set_event);
	char text[512];

	test_begin("events");
	qn_set(e, QKDNF_A_EVENT_TYPE, QKDNF_EVENT_TYPE_SOURCE_EAVESDROPPING);
	qn_set(e, QKDNF_A_EVENT_PEER, NODE(64496, 2));
	qn_set_str(e, QKDNF_A_EVENT_PEER_NAME, "a2");
	qn_set(e, QKDNF_A_EVENT_NUMBER, 125000);
	CHECK_STR(qn_event_text(e, text, sizeof(text)),
		  "source-eavesdropping peer 64496:2 (a2): QBER 12.5%");
	CHECK(qn_event_severity(e) == QN_EVENT_ERROR);
	qn_set(e, QKDNF_A_EVENT_TYPE, QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED);
	qn_set(e, QKDNF_A_EVENT_CONTRACT, 7);
	qn_set(e, QKDNF_A_EVENT_DIRECTION, QKDNF_DIRECTION_IN);
	qn_set(e, QKDNF_A_EVENT_NUMBER, QKDNF_NAK_CODE_CONTRACT_EXCEEDED);
	qn_set(e, QKDNF_A_EVENT_SUPPRESSED, 3);
	CHECK_STR(qn_event_text(e, text, sizeof(text)),
		  "contract-exhausted peer 64496:2 (a2) contract 7 in: contract-exceeded (3 more not told)");
	/* A newer kernel's event has a number only, and is told all the same. */
	qn_set(e, QKDNF_A_EVENT_TYPE, 200);
	CHECK_HAS(qn_event_text(e, text, sizeof(text)), "200 peer 64496:2");
	qn_rec_free(e);
}

void test_output(void)
{
	tables();
	json();
	json_back();
	events();
}
