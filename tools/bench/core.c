// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core of a relay hop against decrypting and encrypting with AES-256-GCM.
 *
 * The hop is the kernel's: kernel/wire.c, otp.c, segment.c and stream.c as they
 * are, built without vector instructions as the kernel is, around OpenSSL's
 * vectorised Poly1305 (the same assembly as the kernel's for x86). One hop:
 * parse, look at the key the frame names, verify the tag, claim, allocate key of
 * the next link, fold both pads into the payload, write header and tag, erase
 * both keys. Frames have 992 octets of payload and spend 1,024 octets of each
 * link's key, which comes from memory: 32 MiB are walked on each side, of 64
 * that each stream holds.
 *
 * The other side decrypts and encrypts the same 992 octets with OpenSSL's EVP
 * and authenticates the same 64 of the header, which change from link to link;
 * its two key schedules are made once and each packet has a fresh IV.
 *
 * Both take their packets in turn from the same memory, in batches that follow
 * each other, so that whatever else the machine does falls on both.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <crypto/poly1305.h>
#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "hash.h"
#include "otp.h"
#include "stream.h"
#include "wire.h"

#define SHIFT 16
#define SEGMENTS 1024			/* that a stream holds: 64 MiB */
#define LANE (SEGMENTS / 2)		/* of them the lane that is walked */
#define FRAMES (LANE * 64)		/* of 1,024 octets of key */
#define HOPS (FRAMES - 64)		/* the last segment is control's */
#define BATCH 2048			/* packets between two looks at the clock */
#define STRIDE 1088			/* from packet to packet */
#define FRAME_OCTETS (QN_HDR_OCTETS + QN_CHUNK)
#define RUNS_MAX 99

static EVP_CIPHER_CTX *opener, *sealer;	/* of AES-256-GCM */

/* --- kernel services, for one thread -------------------------------------------- */

static void *freed;		/* segments' storage, chained */
static u8 *arena, *arena_end;
static struct rcu_head *callbacks;

static void die(const char *what)
{
	fprintf(stderr, "bench: error: %s\n", what);
	exit(1);
}

/* The kernel maps its memory by large pages; so does this. */
static u8 *large_pages(size_t size)
{
	u8 *p = mmap(NULL, size + (2 << 20), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("out of memory: 512 MiB are needed");
	p = (u8 *)(((uintptr_t)p + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void *shim_zalloc(size_t n, size_t size)
{
	void *p;

	if (n * size != 1UL << SHIFT)
		return calloc(n, size);
	if (freed) {
		p = freed;
		freed = *(void **)p;
	} else {
		if (arena == arena_end)
			die("more segments than expected");
		p = arena;
		arena += 1 << SHIFT;
	}
	memset(p, 0, 1 << SHIFT);
	return p;
}

void shim_free(const void *p)
{
	if ((u8 *)p < arena_end && (u8 *)p >= arena_end - (2 * SEGMENTS << SHIFT)) {
		*(void **)p = freed;
		freed = (void *)p;
		return;
	}
	free((void *)p);
}

void shim_free_sensitive(const void *p)
{
	shim_free(p);
}

void shim_warn(const char *what, const char *file, int line)
{
	fprintf(stderr, "bench: error: %s:%d: %s\n", file, line, what);
	abort();
}

void shim_lock_init(spinlock_t *lock) { lock->held = false; }
void shim_lock(spinlock_t *lock) { lock->held = true; }
void shim_unlock(spinlock_t *lock) { lock->held = false; }
bool shim_lock_held(const spinlock_t *lock) { return lock->held; }

/* One thread, and no pairing while time is taken: nothing is left to work. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *work) { return true; }
bool cancel_work_sync(struct work_struct *work) { return false; }

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = callbacks;
	callbacks = head;
}

/* Between batches, when nobody reads. */
static void grace_period(void)
{
	struct rcu_head *head;

	while ((head = callbacks)) {
		callbacks = head->next;
		head->func(head);
	}
}

/* --- the hop ---------------------------------------------------------------------- */

static struct qn_stream *in, *out;	/* the relay node's, lane 0 on both links */
static u8 *key_in, *key_out;		/* what the sources deliver; the neighbours' */
static u8 *packets;			/* worked on in place */
static u8 *plain;

enum { NODE_A = 1, NODE_RELAY = 2, NODE_B = 3 };

static struct qn_hash hash_in, hash_out;

static bool hop(u8 *packet, size_t len)
{
	struct qn_range pad_in, pad_out;
	struct qn_frame f;
	bool ok = false;

	rcu_read_lock();
	if (qn_wire_parse(packet, len, &f) != QN_WIRE_OK)
		goto drop;
	if (qn_stream_peek(in, f.offset, f.span, false, &pad_in))
		goto drop;
	if (!qn_hash_verify(f.hdr->tag, pad_in.key, &hash_in, f.hdr, f.payload,
			    f.present))
		goto drop;
	if (!qn_stream_claim(in, &pad_in))
		goto drop;
	if (qn_stream_alloc(out, f.span, QN_ALLOC_DATA, &pad_out))
		goto erase;
	qn_otp_fold(f.payload, f.payload, pad_in.key + QN_KEY_OCTETS,
		    pad_out.key + QN_KEY_OCTETS, f.length);
	f.hop_limit--;
	f.sender = NODE_RELAY;
	f.offset = pad_out.offset;
	qn_wire_build(f.hdr, &f);
	qn_hash_tag(f.hdr->tag, pad_out.key, &hash_out, f.hdr, f.payload, f.present);
	qn_range_erase(&pad_out);
	ok = true;
erase:
	qn_range_erase(&pad_in);
drop:
	rcu_read_unlock();
	return ok;
}

/* --- AES-256-GCM ------------------------------------------------------------------ */

static void gcm_setup(void)
{
	static const u8 key[2][32] = { "the key of the link it came from",
				       "the key of the link it goes to.." };

	opener = EVP_CIPHER_CTX_new();
	sealer = EVP_CIPHER_CTX_new();
	if (!EVP_DecryptInit_ex(opener, EVP_aes_256_gcm(), NULL, key[0], NULL) ||
	    !EVP_EncryptInit_ex(sealer, EVP_aes_256_gcm(), NULL, key[1], NULL))
		die("OpenSSL has no AES-256-GCM");
}

static void iv_of(u8 *iv, u64 number)
{
	memset(iv, 0, 4);
	memcpy(iv + 4, &number, 8);
}

/* A packet as the neighbour encrypted it; the tag lies where the frame's does. */
static void gcm_make(u8 *packet, u64 number, const u8 *text)
{
	static EVP_CIPHER_CTX *ctx;
	u8 iv[12];
	int n;

	if (!ctx) {
		static const u8 key[32] = "the key of the link it came from";

		ctx = EVP_CIPHER_CTX_new();
		EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, NULL);
	}
	iv_of(iv, number);
	if (!EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) ||
	    !EVP_EncryptUpdate(ctx, NULL, &n, packet, QN_AUTH_OCTETS) ||
	    !EVP_EncryptUpdate(ctx, packet + QN_HDR_OCTETS, &n, text, QN_CHUNK) ||
	    !EVP_EncryptFinal_ex(ctx, packet + QN_HDR_OCTETS + n, &n) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16,
				 packet + QN_AUTH_OCTETS))
		die("OpenSSL fails");
}

static bool gcm_hop(u8 *packet, u64 number)
{
	u8 *text = packet + QN_HDR_OCTETS, *tag = packet + QN_AUTH_OCTETS, iv[12];
	int n;

	iv_of(iv, number);
	return EVP_DecryptInit_ex(opener, NULL, NULL, NULL, iv) &&
	       EVP_DecryptUpdate(opener, NULL, &n, packet, QN_AUTH_OCTETS) &&
	       EVP_DecryptUpdate(opener, text, &n, text, QN_CHUNK) &&
	       EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_GCM_SET_TAG, 16, tag) &&
	       EVP_DecryptFinal_ex(opener, text + n, &n) &&
	       EVP_EncryptInit_ex(sealer, NULL, NULL, NULL, iv) &&
	       EVP_EncryptUpdate(sealer, NULL, &n, packet, QN_AUTH_OCTETS) &&
	       EVP_EncryptUpdate(sealer, text, &n, text, QN_CHUNK) &&
	       EVP_EncryptFinal_ex(sealer, text + n, &n) &&
	       EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_GCM_GET_TAG, 16, tag);
}

/* --- one run ---------------------------------------------------------------------- */

/* Processor time of this thread: others share the machine. */
static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void random_fill(u8 *p, size_t n, u64 state)
{
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		u64 z = state += 0x9e3779b97f4a7c15ULL;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		z ^= z >> 31;
		memcpy(p + i, &z, 8);
	}
}

static struct qn_stream *preloaded(u8 lane, const u8 *key)
{
	static const struct qn_stream_params shape = {
		.shift = SHIFT, .max_segs = SEGMENTS,
	};
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8] = { 0 };
	struct qn_stream_params p = shape;
	struct qn_stream *s;
	u64 base, horizon;
	u32 bits, i;

	p.lane = lane;
	s = qn_stream_new(&p);
	if (!s)
		die("out of memory");
	qn_stream_pair(s, 0);
	for (i = 0; i < SEGMENTS; i++)
		if (qn_stream_fill(s, (u64)i << SHIFT, key + ((size_t)i << SHIFT),
				   1 << SHIFT) != 1 << SHIFT)
			die("the stream does not take its key");
	bits = qn_stream_window(s, 0, &base, &horizon, held, done);
	memset(done, 0, sizeof(done));
	qn_stream_shown(s, base, horizon, bits, held, done, 1);
	return s;
}

/* What the neighbour sends: payload padded and sealed with odd segments. */
static void make_frame(u32 i, u8 *packet)
{
	u64 offset = ((u64)(i / 64 * 2 + 1) << SHIFT) + i % 64 * QN_WORD_OCTETS;
	struct qn_frame f = {
		.type = QN_RELAY, .flags = QN_F_PADDED, .hop_limit = 9,
		.length = QN_CHUNK, .shares = 1, .shift = SHIFT,
		.sender = NODE_A, .origin = NODE_A, .destination = NODE_B,
		.incarnation = 1, .remote_offset = (u64)i * QN_CHUNK, .weight = 1,
		.offset = offset,
	};

	qn_wire_build((void *)packet, &f);
	qn_otp_xor(packet + QN_HDR_OCTETS, plain, key_in + offset + QN_KEY_OCTETS,
		   QN_CHUNK);
	qn_hash_tag(packet + QN_AUTH_OCTETS, key_in + offset, &hash_in, packet,
		    packet + QN_HDR_OCTETS, QN_CHUNK);
}

/* What the next node makes of it must be the plaintext, under the right tag. */
static void check_frame(u8 *packet)
{
	u8 text[QN_CHUNK];
	struct qn_frame f;
	const u8 *key;

	if (qn_wire_parse(packet, FRAME_OCTETS, &f) != QN_WIRE_OK)
		die("the hop's frame has no form");
	key = key_out + f.offset;
	if (!qn_hash_verify(f.hdr->tag, key, &hash_out, f.hdr, f.payload, f.present))
		die("the hop's tag is wrong");
	qn_otp_xor(text, f.payload, key + QN_KEY_OCTETS, QN_CHUNK);
	if (memcmp(text, plain, QN_CHUNK))
		die("the hop's key is wrong");
}

struct result {
	double hop, gcm;	/* nanoseconds each */
};

/* All that was timed was spent and erased, and nothing else was. */
static void check_books(struct qn_stream *s)
{
	struct qn_books b;

	qn_stream_books(s, &b);
	if (b.in != b.spent + b.held + b.erased ||
	    b.spent != (u64)HOPS * QN_WORD_OCTETS)
		die("the books do not balance");
}

static struct result run(void)
{
	struct result r = { 0 };
	double start;
	u32 i, j, n;

	in = preloaded(0, key_in);
	out = preloaded(0, key_out);
	for (i = 0; i < HOPS; i++)
		make_frame(i, packets + (size_t)i * STRIDE);
	for (i = 0; i < HOPS; i += BATCH) {
		n = min_t(u32, BATCH, HOPS - i);
		start = now_ns();
		for (j = i; j < i + n; j++)
			if (!hop(packets + (size_t)j * STRIDE, FRAME_OCTETS))
				die("a frame was dropped");
		r.hop += now_ns() - start;
		grace_period();
		for (j = i; j < i + n; j++)
			check_frame(packets + (size_t)j * STRIDE);
	}
	r.hop /= HOPS;
	check_books(in);
	check_books(out);
	qn_stream_free(in);
	qn_stream_free(out);
	grace_period();

	for (i = 0; i < HOPS; i++)
		gcm_make(packets + (size_t)i * STRIDE, i, plain);
	for (i = 0; i < HOPS; i += BATCH) {
		n = min_t(u32, BATCH, HOPS - i);
		start = now_ns();
		for (j = i; j < i + n; j++)
			if (!gcm_hop(packets + (size_t)j * STRIDE, j))
				die("a packet was refused");
		r.gcm += now_ns() - start;
	}
	r.gcm /= HOPS;
	return r;
}

/* --- figures ---------------------------------------------------------------------- */

struct figure {
	const char *name, *unit;
	double value, min, max;
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void summarise(struct figure *f, const char *name, const char *unit,
		      double *values, int runs)
{
	qsort(values, runs, sizeof(*values), ascending);
	f->name = name;
	f->unit = unit;
	f->min = values[0];
	f->max = values[runs - 1];
	f->value = runs & 1 ? values[runs / 2] :
			      (values[runs / 2 - 1] + values[runs / 2]) / 2;
}

static void write_json(const char *path, const struct figure *f, int n, int runs)
{
	FILE *file = fopen(path, "w");
	int i;

	if (!file) {
		fprintf(stderr, "bench: error: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fprintf(file, "[\n");
	for (i = 0; i < n; i++) {
		fprintf(file, "  {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", ",
			f[i].name, f[i].value, f[i].unit);
		fprintf(file, "\"min\": %.3f, \"max\": %.3f, \"runs\": %d, \"against\": ",
			f[i].min, f[i].max, runs);
		fprintf(file, "\"AES-256-GCM open and seal of 992 octets and 64 of header by %s (EVP); ",
			OpenSSL_version(OPENSSL_VERSION));
		fputs("hop with OpenSSL's Poly1305; key and packets from memory; ", file);
		fprintf(file, "streams preloaded; one core\"}%s\n", i + 1 < n ? "," : "");
	}
	fprintf(file, "]\n");
	if (fclose(file)) {
		fprintf(stderr, "bench: error: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void usage(void)
{
	fprintf(stderr, "usage: core [-r RUNS] [-o FILE.json]\n"
			"  -r RUNS  1 to %d, default 11\n", RUNS_MAX);
	exit(2);
}

int main(int argc, char **argv)
{
	double hops[RUNS_MAX], gcms[RUNS_MAX], ratios[RUNS_MAX];
	bool progress = isatty(STDERR_FILENO);
	const char *output = NULL;
	struct figure f[3];
	int runs = 11, i, c;

	while ((c = getopt(argc, argv, "r:o:")) != -1) {
		switch (c) {
		case 'r':
			runs = atoi(optarg);
			if (runs < 1 || runs > RUNS_MAX)
				usage();
			break;
		case 'o':
			output = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	if (Poly1305_ctx_size() > SHIM_POLY1305_STATE)
		die("OpenSSL's Poly1305 state has grown: mend crypto/poly1305.h");
	if (qn_otp_selftest() || qn_hash_selftest())
		die("the self-test of sealing fails");

	arena = large_pages(2UL * SEGMENTS << SHIFT);
	arena_end = arena + (2UL * SEGMENTS << SHIFT);
	key_in = large_pages((size_t)SEGMENTS << SHIFT);
	key_out = large_pages((size_t)SEGMENTS << SHIFT);
	packets = large_pages((size_t)FRAMES * STRIDE);
	plain = calloc(1, QN_CHUNK);
	random_fill(key_in, (size_t)SEGMENTS << SHIFT, 1);
	random_fill(key_out, (size_t)SEGMENTS << SHIFT, 2);
	random_fill(plain, QN_CHUNK, 3);
	random_fill((u8 *)hash_in.key, QN_HASH_OCTETS, 4);
	random_fill((u8 *)hash_out.key, QN_HASH_OCTETS, 5);
	gcm_setup();

	run();	/* pages in, clock up */
	for (i = 0; i < runs; i++) {
		struct result r = run();

		hops[i] = r.hop;
		gcms[i] = r.gcm;
		ratios[i] = r.gcm / r.hop;
		if (progress)
			fprintf(stderr, "\rrun %d of %d: %.2f ", i + 1, runs, ratios[i]);
	}
	if (progress)
		fprintf(stderr, "\r\033[K");
	summarise(&f[0], "relay_core_vs_aes_gcm", "x", ratios, runs);
	summarise(&f[1], "relay_core_ns", "ns", hops, runs);
	summarise(&f[2], "aes_gcm_ns", "ns", gcms, runs);
	printf("%-24s %8s %8s %8s\n", "", "median", "min", "max");
	for (i = 0; i < 3; i++)
		printf("%-24s %8.2f %8.2f %8.2f %s\n", f[i].name, f[i].value, f[i].min,
		       f[i].max, f[i].unit);
	if (output)
		write_json(output, f, 3, runs);
	return 0;
}
