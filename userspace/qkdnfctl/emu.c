// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl emu: emulated QKD links. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/qkd_block.h>
#include <linux/qkdemu.h>

#include "ctl.h"
#include "qkdmodel.h"

#define VALUE(w, a, v, h)                                           \
	{                                                           \
		.word = (w), .attr = (a), .value = (v), .help = (h) \
	}
/* Not an attribute of the link as it stands: taken by take_own(). */
#define OWN(w, v, h) VALUE(w, 0, v, h)
#define OWN_DISTANCE OWN("distance", "KM", "rate and QBER by the BB84 model, over this much fibre")
#define OWN_DETECTOR OWN("detector", "NAME", "devices for it: apd (default), snspd, gys")
#define OWN_FIBRE    OWN("fibre", "DB", "loss of the fibre in dB/km for it; 0.2 by default")

static const struct qn_word link_list[] = {
	OWN_DISTANCE,
	OWN_DETECTOR,
	OWN_FIBRE,
	VALUE("rate", QKDEMU_A_RATE, "BITRATE", "bits of key per second, 1 to 1G"),
	VALUE("qber", QKDEMU_A_QBER, "PERCENT", "error rate of the undisturbed link, as in 2.5%"),
	VALUE("qber-limit", QKDEMU_A_QBER_LIMIT, "PERCENT",
	      "above it the link stops; 11% by default"),
	VALUE("eavesdrop", QKDEMU_A_EAVESDROP, "PERCENT", "pulses that somebody intercepts"),
	VALUE("depth", QKDEMU_A_DEPTH, "BLOCKS", "blocks kept for a reader; 1024 by default"),
	OWN("loss-a", "PERCENT", "blocks that never reach end a"),
	OWN("loss-b", "PERCENT", "blocks that never reach end b"),
	OWN("error-a", "PERCENT", "bits that are wrong at end a"),
	OWN("error-b", "PERCENT", "bits that are wrong at end b"),
	VALUE("base-time", QKDEMU_A_BASE_TIME, "TIME", "when block base-index began"),
	VALUE("base-index", QKDEMU_A_BASE_INDEX, "NUMBER", "see base-time; block 0 at the start"),
	OWN("seed-file", "FILE",
	    "add: where all bits come from, see 'emu seed'; random by default"),
	VALUE("ends", QKDEMU_A_ENDS, "a|b|a+b", "add: ends on this machine; both by default"),
	VALUE("start", QKDEMU_A_START_TIME, "TIME", "add: when block 0 began; now by default"),
	VALUE("block", QKDEMU_A_BLOCK_SIZE, "OCTETS",
	      "add: octets in a block; 4096 by default, less for slow links of the model"),
	{ 0 },
};

static const struct qn_words link_words = { &qn_set_emu_link, "link", link_list };

/* What stands on the command line beside the attributes of a link. */
struct own {
	const char *seed_file;
	const struct qkd_device *dev;
	double km;
	double db_km;
	bool model;
};

static int take_double(struct ctl *ctl, const char *word, const char *text, double min, double max,
		       double *value)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || *end || !(*value >= min && *value <= max))
		return ctl_usage(ctl, "%s %s: a number from %g to %g is wanted", word, text, min,
				 max);
	return 0;
}

static int take_end(struct ctl *ctl, const char *word, const char *text, struct qn_rec *rec)
{
	bool is_b = word[strlen(word) - 1] == 'b';
	unsigned int attr = is_b ? QKDEMU_A_END_B : QKDEMU_A_END_A;
	unsigned int which = *word == 'l' ? QKDEMU_A_END_LOSS : QKDEMU_A_END_ERROR;

	if (!qn_has(rec, attr))
		qn_set_nest(rec, attr, qn_rec_new(&qn_set_emu_end));
	if (qn_has(rec->v[attr].nest, which))
		return ctl_usage(ctl, "%s is given twice", word);
	if (qn_parse_value(text, rec->v[attr].nest, which, &ctl->err))
		return ctl_usage(ctl, "%s: %s", word, ctl->err.text);
	return 0;
}

static int take_own(struct ctl *ctl, const char *word, const char *text, struct qn_rec *rec,
		    struct own *own)
{
	if (!strcmp(word, "seed-file")) {
		own->seed_file = text;
		return 0;
	}
	if (!strcmp(word, "distance")) {
		own->model = true;
		return take_double(ctl, word, text, 0, 1000, &own->km);
	}
	if (!strcmp(word, "fibre"))
		return take_double(ctl, word, text, 0.01, 100, &own->db_km);
	if (!strcmp(word, "detector")) {
		own->dev = qkd_device_find(text);
		return own->dev ? 0 :
				  ctl_usage(ctl, "no detector '%s': there are apd, snspd and gys",
					    text);
	}
	return take_end(ctl, word, text, rec);
}

/* All settings, with or without two dashes before the word. */
static int take(struct ctl *ctl, const struct qn_words *words, int argc, char **argv,
		struct qn_rec *rec, struct own *own)
{
	int ret = 0;

	*own = (struct own){ .dev = qkd_devices, .db_km = QKD_LOSS_DB_KM };
	for (; argc > 0 && !ret; argc -= 2, argv += 2) {
		const struct qn_word *word;

		if (!strncmp(argv[0], "--", 2))
			argv[0] += 2;
		word = qn_word_find(words, argv[0]);
		if (word && !word->attr && argc > 1)
			ret = take_own(ctl, argv[0], argv[1], rec, own);
		else
			ret = ctl_words(ctl, words, argc > 1 ? 2 : 1, argv, rec);
	}
	return ret;
}

static struct qn_rec *named(const char *name)
{
	struct qn_rec *rec = qn_rec_new(&qn_set_emu_link);

	qn_set_str(rec, QKDEMU_A_NAME, name);
	return rec;
}

/* --- the model ---------------------------------------------------------------- */

/* A second's key or so, in octets, as a power of two; both machines agree on it. */
static uint64_t block_for(double rate)
{
	uint64_t block = QKD_BLOCK_SIZE_MIN;

	while (block < 4096 && 2.0 * (double)block * 8 <= rate)
		block *= 2;
	return block;
}

/* Rate and error rate from a length, unless they are given themselves. */
static int apply_model(struct ctl *ctl, const struct own *own, struct qn_rec *rec, bool fresh)
{
	struct qkd_yield y;

	if (!own->model)
		return 0;
	if (!qkd_yield(own->dev, own->km, own->db_km, &y) || y.rate < 1)
		return ctl_error(ctl,
				 "no key over %g km with %s: it ends at %.1f km, see 'emu model'",
				 own->km, own->dev->name, qkd_reach(own->dev, own->db_km));
	if (!qn_has(rec, QKDEMU_A_RATE))
		qn_set(rec, QKDEMU_A_RATE, (uint64_t)fmin(y.rate, 1e9));
	if (!qn_has(rec, QKDEMU_A_QBER))
		qn_set(rec, QKDEMU_A_QBER, (uint64_t)lround(y.qber * 1e6));
	if (fresh && !qn_has(rec, QKDEMU_A_BLOCK_SIZE))
		qn_set(rec, QKDEMU_A_BLOCK_SIZE, block_for((double)qn_get(rec, QKDEMU_A_RATE, 0)));
	return 0;
}

/* Rows of the model as records of their own, so that they print like all others. */
enum {
	MODEL_KM = 1,
	MODEL_RATE,
	MODEL_QBER,
	MODEL_LOSS,
	MODEL_DETECTOR,
	MODEL_MAX = MODEL_DETECTOR
};

static const struct qn_attr model_attrs[] = {
	[MODEL_KM] = { .name = "distance-km", .type = QN_U64 },
	[MODEL_RATE] = { .name = "rate", .type = QN_U64, .format = QN_FMT_BITRATE },
	[MODEL_QBER] = { .name = "qber", .type = QN_U64, .format = QN_FMT_PPM },
	[MODEL_LOSS] = { .name = "loss-millidb", .type = QN_U64 },
	[MODEL_DETECTOR] = { .name = "detector", .type = QN_STRING },
};

static const struct qn_set model_set = { "model", model_attrs, MODEL_MAX };

static void loss_text(const struct qn_rec *rec, char *buf, size_t size)
{
	snprintf(buf, size, "%.1f", (double)qn_get(rec, MODEL_LOSS, 0) / 1000);
}

static const struct qn_col model_cols[] = {
	{ .head = "KM", .attr = MODEL_KM, .right = true },
	{ .head = "LOSS dB", .right = true, .text = loss_text },
	{ .head = "KEY RATE", .attr = MODEL_RATE, .right = true },
	{ .head = "QBER", .attr = MODEL_QBER, .right = true },
	{ .head = "DETECTOR", .attr = MODEL_DETECTOR },
};

static void model_row(struct ctl *ctl, const struct own *own, double km)
{
	struct qn_rec *rec = qn_rec_new(&model_set);
	struct qkd_yield y;

	qkd_yield(own->dev, km, own->db_km, &y);
	qn_set(rec, MODEL_KM, (uint64_t)lround(km));
	qn_set(rec, MODEL_RATE, (uint64_t)y.rate);
	qn_set(rec, MODEL_QBER, (uint64_t)lround(y.qber * 1e6));
	qn_set(rec, MODEL_LOSS, (uint64_t)lround(km * own->db_km * 1000));
	qn_set_str(rec, MODEL_DETECTOR, own->dev->name);
	qn_out_row(&ctl->out, rec);
	qn_rec_free(rec);
}

static const struct qn_word model_list[] = { OWN_DISTANCE, OWN_DETECTOR, OWN_FIBRE, { 0 } };
static const struct qn_words model_words = { &qn_set_emu_link, "model", model_list };

static int emu_model(struct ctl *ctl, int argc, char **argv)
{
	static const struct qn_view view = QN_VIEW(model_cols, "nothing");
	struct qn_rec *rec = qn_rec_new(&qn_set_emu_link);
	double km, reach, step;
	struct own own;
	int ret;

	ret = take(ctl, &model_words, argc, argv, rec, &own);
	qn_rec_free(rec);
	if (ret)
		return ret;
	qn_out_list_begin(&ctl->out, &view);
	if (own.model) {
		model_row(ctl, &own, own.km);
	} else {
		reach = qkd_reach(own.dev, own.db_km);
		step = reach > 40 ? 20 : reach > 4 ? 2 : 1;
		for (km = 0; km <= reach; km += step)
			model_row(ctl, &own, km);
	}
	qn_out_list_end(&ctl->out);
	return 0;
}

/* --- seeds -------------------------------------------------------------------- */

static int parse_seed(const uint8_t *text, size_t len, uint8_t *seed)
{
	char digits[2 * QKDEMU_SEED_LEN + 1];
	int ret;

	if (len == QKDEMU_SEED_LEN) {
		memcpy(seed, text, len);
		return 0;
	}
	if (len == 2 * QKDEMU_SEED_LEN + 1 && text[len - 1] == '\n')
		len--;
	if (len != 2 * QKDEMU_SEED_LEN)
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	ret = qn_parse_hex(digits, len, seed);
	explicit_bzero(digits, sizeof(digits));
	return ret;
}

static int read_seed(struct ctl *ctl, const char *path, uint8_t *seed)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	uint8_t text[2 * QKDEMU_SEED_LEN + 2];
	ssize_t n, len = 0;
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return ctl_error(ctl, "cannot open %s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 077))
		ctl_warn(ctl, "others may read %s: chmod 600 %s", path, path);
	do {
		n = read(fd, text + len, sizeof(text) - (size_t)len);
		len += n > 0 ? n : 0;
	} while (n > 0 && (size_t)len < sizeof(text));
	if (n < 0)
		ret = ctl_error(ctl, "cannot read %s: %s", path, strerror(errno));
	else if (parse_seed(text, (size_t)len, seed))
		ret = ctl_error(ctl,
				"%s holds no seed: 64 hexadecimal digits or 32 octets are wanted",
				path);
	explicit_bzero(text, sizeof(text));
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

static int random_seed(struct ctl *ctl, uint8_t *seed)
{
	if (getrandom(seed, QKDEMU_SEED_LEN, 0) == QKDEMU_SEED_LEN)
		return 0;
	return ctl_error(ctl, "the kernel gives no random numbers: %s", strerror(errno));
}

static int emu_seed(struct ctl *ctl, int argc, char **argv)
{
	uint8_t seed[QKDEMU_SEED_LEN];
	char text[2 * QKDEMU_SEED_LEN + 2];
	unsigned int i;
	int fd, ret;

	if (argc != 1)
		return ctl_usage(ctl, "one file is wanted");
	ret = random_seed(ctl, seed);
	if (ret)
		return ret;
	for (i = 0; i < sizeof(seed); i++)
		snprintf(text + 2 * i, 3, "%02x", seed[i]);
	text[2 * sizeof(seed)] = '\n';
	fd = open(argv[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		ret = ctl_error(ctl, "cannot create %s: %s", argv[0], strerror(errno));
	} else if (write(fd, text, 2 * sizeof(seed) + 1) != 2 * (ssize_t)sizeof(seed) + 1) {
		ret = ctl_error(ctl, "cannot write %s: %s", argv[0], strerror(errno));
		unlink(argv[0]);
	}
	if (fd >= 0 && close(fd) && !ret)
		ret = ctl_error(ctl, "cannot write %s: %s", argv[0], strerror(errno));
	explicit_bzero(seed, sizeof(seed));
	explicit_bzero(text, sizeof(text));
	return ret;
}

/* --- links -------------------------------------------------------------------- */

static const char *state_colour(const struct qn_rec *rec)
{
	switch (qn_get(rec, QKDEMU_A_STATE, QKDEMU_STATE_DOWN)) {
	case QKDEMU_STATE_UP:
		return QN_GREEN;
	case QKDEMU_STATE_STOPPED:
		return QN_RED;
	case QKDEMU_STATE_OUTAGE:
	case QKDEMU_STATE_WAITING:
		return QN_YELLOW;
	}
	return QN_DIM;
}

/* "stopped (qber)": a state with its reason */
static void state_text(const struct qn_rec *rec, char *buf, size_t size)
{
	uint64_t reason = qn_get(rec, QKDEMU_A_REASON, QKDEMU_REASON_NONE);
	const char *state = qn_enum_name(&qn_enum_emu_state, qn_get(rec, QKDEMU_A_STATE, 0));
	const char *why = qn_enum_name(&qn_enum_emu_reason, reason);

	if (reason != QKDEMU_REASON_NONE)
		snprintf(buf, size, "%s (%s)", state ? state : "?", why ? why : "?");
	else
		snprintf(buf, size, "%s", state ? state : "?");
}

/* one end: who reads, how much waits, what went by */
static void end_text(const struct qn_rec *rec, unsigned int attr, char *buf, size_t size)
{
	const struct qn_rec *end = qn_get_nest(rec, attr);
	uint64_t dropped = qn_get(end, QKDEMU_A_END_OVERFLOW, 0);
	uint64_t lost = qn_get(end, QKDEMU_A_END_LOST, 0);
	int n;

	if (!end) {
		snprintf(buf, size, "elsewhere");
		return;
	}
	n = snprintf(buf, size, "%s %llu+%llu", qn_get(end, QKDEMU_A_END_OPEN, 0) ? "open" : "idle",
		     (unsigned long long)qn_get(end, QKDEMU_A_END_DELIVERED, 0),
		     (unsigned long long)qn_get(end, QKDEMU_A_END_BUFFERED, 0));
	if (dropped && n > 0 && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, " dropped %llu",
			      (unsigned long long)dropped);
	if (lost && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " lost %llu", (unsigned long long)lost);
}

static void end_a_text(const struct qn_rec *rec, char *buf, size_t size)
{
	end_text(rec, QKDEMU_A_END_A, buf, size);
}

static void end_b_text(const struct qn_rec *rec, char *buf, size_t size)
{
	end_text(rec, QKDEMU_A_END_B, buf, size);
}

static const struct qn_col link_cols[] = {
	{ .head = "LINK", .attr = QKDEMU_A_NAME },
	{ .head = "STATE", .text = state_text, .colour = state_colour },
	{ .head = "RATE", .attr = QKDEMU_A_RATE, .right = true },
	{ .head = "QBER", .attr = QKDEMU_A_QBER_NOW, .right = true },
	{ .head = "BLOCK", .attr = QKDEMU_A_BLOCK_SIZE, .right = true },
	{ .head = "INDEX", .attr = QKDEMU_A_INDEX, .right = true },
	{ .head = "END A (read+waiting)", .text = end_a_text },
	{ .head = "END B (read+waiting)", .text = end_b_text },
};

static const struct qn_view link_view =
	QN_VIEW(link_cols, "no emulated links: 'qkdnfctl emu add NAME distance KM' makes one");

static int emu_list(struct ctl *ctl, int argc, char **argv)
{
	if (argc)
		return ctl_usage(ctl, "unexpected '%s'", argv[0]);
	return ctl_list(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_GET, NULL, &link_view);
}

static int emu_show(struct ctl *ctl, int argc, char **argv)
{
	if (argc != 1)
		return ctl_usage(ctl, "the name of one link is wanted");
	return ctl_object(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_GET, named(argv[0]));
}

/* What the model made of a length is worth seeing, on one line. */
static int show_briefly(struct ctl *ctl, const char *name)
{
	struct qn_rec *req = named(name), *reply = NULL;
	int ret = qn_nl_do(ctl->emu, QKDEMU_CMD_LINK_GET, 0, req, &reply, &ctl->err);

	qn_rec_free(req);
	if (ret || !reply)
		return ctl_failed(ctl);
	if (ctl->out.json) {
		qn_out_object(&ctl->out, reply);
	} else {
		qn_out_list_begin(&ctl->out, &link_view);
		qn_out_row(&ctl->out, reply);
		qn_out_list_end(&ctl->out);
	}
	qn_rec_free(reply);
	return 0;
}

static int emu_add(struct ctl *ctl, int argc, char **argv)
{
	uint8_t seed[QKDEMU_SEED_LEN];
	struct qn_rec *rec;
	struct own own;
	int ret;

	if (!argc)
		return ctl_usage(ctl, "a name is wanted");
	rec = named(argv[0]);
	ret = take(ctl, &link_words, argc - 1, argv + 1, rec, &own);
	ret = ret ? ret : apply_model(ctl, &own, rec, true);
	if (!ret && !qn_has(rec, QKDEMU_A_RATE))
		ret = ctl_usage(ctl, "say how fast it is: rate BITRATE, or distance KM");
	if (!ret)
		ret = own.seed_file ? read_seed(ctl, own.seed_file, seed) : random_seed(ctl, seed);
	if (ret) {
		qn_rec_free(rec);
		return ret;
	}
	qn_set_bin(rec, QKDEMU_A_SEED, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	ret = ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_NEW, 0, rec);
	if (!ret && own.model)
		ret = show_briefly(ctl, argv[0]);
	return ret;
}

static int emu_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec;
	struct own own;
	int ret;

	if (argc < 2)
		return ctl_usage(ctl, "a name and what to set are wanted");
	rec = named(argv[0]);
	ret = take(ctl, &link_words, argc - 1, argv + 1, rec, &own);
	if (!ret && own.seed_file)
		ret = ctl_usage(ctl, "the seed is fixed: delete the link and add it anew");
	ret = ret ? ret : apply_model(ctl, &own, rec, false);
	if (ret) {
		qn_rec_free(rec);
		return ret;
	}
	return ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_SET, 0, rec);
}

static int set_admin(struct ctl *ctl, int argc, char **argv, enum qkdemu_admin admin)
{
	struct qn_rec *rec;

	if (argc != 1)
		return ctl_usage(ctl, "the name of one link is wanted");
	rec = named(argv[0]);
	qn_set(rec, QKDEMU_A_ADMIN, admin);
	return ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_SET, 0, rec);
}

static int emu_up(struct ctl *ctl, int argc, char **argv)
{
	return set_admin(ctl, argc, argv, QKDEMU_ADMIN_UP);
}

static int emu_down(struct ctl *ctl, int argc, char **argv)
{
	return set_admin(ctl, argc, argv, QKDEMU_ADMIN_DOWN);
}

static int emu_eavesdrop(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec;
	const char *part;

	if (argc != 2)
		return ctl_usage(ctl, "a link and on, off or a percentage are wanted");
	part = !strcmp(argv[1], "on") ? "100%" : !strcmp(argv[1], "off") ? "0" : argv[1];
	rec = named(argv[0]);
	if (qn_parse_value(part, rec, QKDEMU_A_EAVESDROP, &ctl->err)) {
		qn_rec_free(rec);
		return ctl_usage(ctl, "%s", ctl->err.text);
	}
	return ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_SET, 0, rec);
}

static int emu_outage(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec, *outages, *outage;
	int i;

	if (argc % 2 != 1)
		return ctl_usage(ctl, "a link and pairs of START and DURATION are wanted");
	rec = named(argv[0]);
	outages = qn_rec_new(&qn_set_emu_outages);
	qn_set_nest(rec, QKDEMU_A_OUTAGES, outages);
	for (i = 1; i < argc; i += 2) {
		outage = qn_rec_new(&qn_set_emu_outage);
		qn_set_nest(outages, QKDEMU_A_OUTAGES_OUTAGE, outage);
		if (qn_parse_value(argv[i], outage, QKDEMU_A_OUTAGE_START, &ctl->err) ||
		    qn_parse_value(argv[i + 1], outage, QKDEMU_A_OUTAGE_DURATION, &ctl->err)) {
			qn_rec_free(rec);
			return ctl_usage(ctl, "%s", ctl->err.text);
		}
	}
	return ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_SET, 0, rec);
}

static int emu_del(struct ctl *ctl, int argc, char **argv)
{
	if (argc != 1)
		return ctl_usage(ctl, "the name of one link is wanted");
	return ctl_send(ctl, ctl_emu(ctl), QKDEMU_CMD_LINK_DEL, 0, named(argv[0]));
}

int cmd_emu(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
		{ .name = "list",
		  .args = "",
		  .summary = "the emulated links of this machine",
		  .run = emu_list },
		{ .name = "show", .args = "NAME", .summary = "all about a link", .run = emu_show },
		{ .name = "add",
		  .args = "NAME [WORD VALUE]...",
		  .summary = "make a link: devices /dev/qkdemu/NAME.a and .b",
		  .run = emu_add,
		  .words = &link_words,
		  .help = "Two machines that are given the same seed file, start and block size have the\n"
			  "two ends of one link; 'ends a' and 'ends b' say which.\n" },
		{ .name = "set",
		  .args = "NAME WORD VALUE...",
		  .summary = "change a link",
		  .run = emu_set,
		  .words = &link_words },
		{ .name = "up", .args = "NAME", .summary = "let a link make key", .run = emu_up },
		{ .name = "down", .args = "NAME", .summary = "cut a link", .run = emu_down },
		{ .name = "eavesdrop",
		  .args = "NAME on|off|PERCENT",
		  .summary = "let somebody intercept that share of the pulses",
		  .run = emu_eavesdrop,
		  .help = "A quarter of what is intercepted adds to the error rate. Past the limit the\n"
			  "link stops and says why.\n" },
		{ .name = "outage",
		  .args = "NAME [START DURATION]...",
		  .summary = "plan outages in place of those planned; none clears the plan",
		  .run = emu_outage },
		{ .name = "del", .args = "NAME", .summary = "delete a link", .run = emu_del },
		{ .name = "seed",
		  .args = "FILE",
		  .summary = "make a new file with a random seed",
		  .run = emu_seed },
		{ .name = "model",
		  .args = "[distance KM] [detector NAME] [fibre DB]",
		  .summary = "what the BB84 model says of distances, without making a link",
		  .run = emu_model,
		  .words = &model_words },
		{ 0 },
	};

	return ctl_run(ctl, verbs, argc, argv);
}
