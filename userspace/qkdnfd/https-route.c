// SPDX-License-Identifier: GPL-2.0-or-later
/* Which route a path belongs to, and what is in the path and behind it. */
#include <stdlib.h>
#include <string.h>

#include "https-parts.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int qf_decode(const char *text, size_t len, char *out, size_t size)
{
	size_t i, n = 0;
	int c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if (c == '%') {
			if (len - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return -1;
			c = hex(text[i + 1]) << 4 | hex(text[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || n + 1 >= size)
			return -1;
		out[n++] = c;
	}
	if (!size)
		return -1;
	out[n] = 0;
	return n;
}

/* How long the segment at @path is; both begin behind a "/". */
static size_t segment(const char *path)
{
	return strcspn(path, "/");
}

/*
 * Does a path fit? @req, if there is one, gets what is in the place of each "{}".
 * Return: 1, 0, or -1 if it does but one of those cannot be decoded.
 */
static int fits(const char *pattern, const char *path, struct qf_request *req)
{
	size_t used = 0, n, m;
	unsigned int parts = 0;
	int len, ret = 1;

	for (;;) {
		if (*pattern != *path)
			return 0;
		if (!*pattern)
			return ret;
		/* Both are at a "/". */
		pattern++;
		path++;
		n = segment(pattern);
		m = segment(path);
		if (n == 2 && !memcmp(pattern, "{}", 2)) {
			if (!m || parts == QF_PARTS_MAX)
				return 0;
			if (req) {
				len = qf_decode(path, m, req->path + used, QF_PATH_MAX - used);
				if (len < 1) {
					ret = -1;
					len = 0;
				}
				req->parts[parts++] = req->path + used;
				used += len + 1;
				if (used >= QF_PATH_MAX)
					return -1;
			}
		} else if (n != m || memcmp(pattern, path, n) != 0) {
			return 0;
		}
		pattern += n;
		path += m;
	}
}

bool qf_https_strangers(const struct qf_https_config *config, const char *path)
{
	size_t i;

	for (i = 0; *path == '/' && i < config->n_routes; i++)
		if (config->routes[i].strangers && fits(config->routes[i].path, path, NULL))
			return true;
	return false;
}

const struct qf_https_route *qf_https_find(const struct qf_https_config *config, const char *method,
					   const char *path, struct qf_request *req,
					   struct qf_problem *problem)
{
	const struct qf_https_route *route;
	bool there = false;
	size_t i;

	for (i = 0; *path == '/' && i < config->n_routes; i++) {
		route = &config->routes[i];
		if (strcmp(route->method, method) != 0) {
			there = there || fits(route->path, path, NULL);
			continue;
		}
		switch (fits(route->path, path, req)) {
		case 1:
			return route;
		case -1:
			qf_problem(problem, QF_MALFORMED,
				   "the path has a segment that cannot be decoded, or is too long");
			return NULL;
		}
	}
	if (there)
		qf_problem(problem, QF_METHOD, "%.16s is no method of this resource", method);
	else
		qf_problem(problem, QF_NOT_FOUND, "there is nothing under this path");
	return NULL;
}

const char *qf_request_part(const struct qf_request *req, unsigned int i)
{
	return i < QF_PARTS_MAX ? req->parts[i] : NULL;
}

struct wanted {
	const char *name;
	size_t name_len;
	char *value;
	size_t size;
	int found;
};

static enum MHD_Result each_parameter(void *arg, enum MHD_ValueKind kind, const char *name,
				      size_t name_len, const char *value, size_t len)
{
	struct wanted *wanted = arg;

	(void)kind;
	if (name_len != wanted->name_len || memcmp(name, wanted->name, name_len) != 0)
		return MHD_YES;
	if (wanted->found || qf_decode(value ? value : "", len, wanted->value, wanted->size) < 0) {
		wanted->found = -1;
		return MHD_NO;
	}
	wanted->found = 1;
	return MHD_YES;
}

int qf_request_query(const struct qf_request *req, const char *name, char *value, size_t size)
{
	struct wanted wanted = {
		.name = name, .name_len = strlen(name), .value = value, .size = size
	};

	if (req->conn)
		MHD_get_connection_values_n(req->conn->mhd, MHD_GET_ARGUMENT_KIND, each_parameter,
					    &wanted);
	return wanted.found;
}
