// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Search a machine's memory for pieces of key.
 *
 *	memsearch MEMORY PROCESS <PIECES >HITS
 *
 * MEMORY is a file that is the machine's memory, and PROCESS runs the machine: it
 * is stopped before the search, so that nothing moves from where the search has yet
 * to come to where it was; the caller lets it go on. PIECES is, for each piece,
 * three little-endian numbers and its octets:
 *
 *	u32 number, u32 least, u64 octets, key
 *
 * A hit is a line "NUMBER OFFSET OCTETS PLACE": so many octets from OFFSET of that
 * piece stand at PLACE of the file. Fewer than `least` are no hit. No line holds
 * key. The last line is "end SEARCHED", the octets of memory that were looked at.
 *
 * How: the eight octets at every offset of every piece are in a table, and each
 * aligned word of memory is looked up. So 15 octets of key in a row are found
 * wherever they stand, and eight if they are aligned. Whatever memory holds, a
 * word of it is one of n uniform windows with probability n / 2^64: with 32
 * million windows and 2^28 words (2 GiB) a search errs once in 2,000.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORD	8
#define AHEAD	16
#define STOP_US 20000 /* till its threads stand */

struct head {
	uint32_t number, least;
	uint64_t octets;
};

struct piece {
	struct head head;
	size_t at; /* in the pool */
};

static uint8_t *pool;
static size_t pool_size, pool_room;
static struct piece *pieces;
static size_t piece_count, piece_room;

/* Places in the pool, plus one, by hash of the word that stands there. */
static uint32_t *table;
static unsigned int table_bits;
/* One bit for each of many more hashes: most words of memory need no more. */
static uint64_t *sieve;
static unsigned int sieve_bits;

static void die(const char *format, ...)
{
	va_list args;

	fputs("memsearch: error: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static void *grow(void *old, size_t *room, size_t need, size_t size)
{
	void *new;

	if (need <= *room)
		return old;
	*room = need + need / 2 + 4096;
	new = realloc(old, *room * size);
	if (!new)
		die("no memory for %zu octets", *room * size);
	return new;
}

static void read_pieces(void)
{
	struct head head;

	while (fread(&head, sizeof(head), 1, stdin) == 1) {
		if (head.octets > UINT32_MAX - 1 - pool_size)
			die("more than 4 GiB of key");
		pool = grow(pool, &pool_room, pool_size + head.octets, 1);
		if (fread(pool + pool_size, 1, head.octets, stdin) != head.octets)
			die("a piece breaks off");
		pieces = grow(pieces, &piece_room, piece_count + 1, sizeof(*pieces));
		pieces[piece_count++] = (struct piece){ head, pool_size };
		pool_size += head.octets;
	}
	if (ferror(stdin))
		die("cannot read pieces: %s", strerror(errno));
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, WORD);
	return word;
}

/* Key is uniform; other memory is not, and must not all fall on one place. */
static uint64_t hash(uint64_t word)
{
	word ^= word >> 32;
	return word * 0x9e3779b97f4a7c15u;
}

static void *map_table(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory for %zu octets", octets);
	madvise(p, octets, MADV_HUGEPAGE);
	return p;
}

static void build_table(void)
{
	size_t i, k, slot;

	for (table_bits = 10; (1ull << table_bits) < 2 * pool_size; table_bits++)
		;
	sieve_bits = table_bits + 3;
	table = map_table(sizeof(*table) << table_bits);
	sieve = map_table((1ull << sieve_bits) / 8);
	for (i = 0; i < piece_count; i++) {
		const uint8_t *key = pool + pieces[i].at;

		for (k = 0; k + WORD <= pieces[i].head.octets; k++) {
			uint64_t h = hash(word_at(key + k));

			/* Each lands on cold memory: ask for it in time. */
			if (k + AHEAD + WORD <= pieces[i].head.octets) {
				uint64_t next = hash(word_at(key + k + AHEAD));

				__builtin_prefetch(&sieve[next >> (64 - sieve_bits) >> 6], 1);
				__builtin_prefetch(&table[next >> (64 - table_bits)], 1);
			}
			sieve[h >> (64 - sieve_bits) >> 6] |=
				1ull << (h >> (64 - sieve_bits) & 63);
			slot = h >> (64 - table_bits);
			while (table[slot])
				slot = (slot + 1) & ((1ull << table_bits) - 1);
			table[slot] = (uint32_t)(pieces[i].at + k) + 1;
		}
	}
}

static const struct piece *piece_of(size_t at)
{
	size_t low = 0, high = piece_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (pieces[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &pieces[low];
}

/*
 * The word at @place is in the table: how much of the piece stands around it?
 * Return: the end of the hit in memory, or @place + WORD without one.
 */
static size_t hit(const uint8_t *memory, size_t from, size_t place, size_t end, size_t at)
{
	const struct piece *piece = piece_of(at);
	size_t first = at, last = at + WORD, begin = place, after = place + WORD;

	while (first > piece->at && begin > from && memory[begin - 1] == pool[first - 1]) {
		first--;
		begin--;
	}
	while (last < piece->at + piece->head.octets && after < end &&
	       memory[after] == pool[last]) {
		last++;
		after++;
	}
	if (last - first < piece->head.least)
		return place + WORD;
	printf("%" PRIu32 " %zu %zu %zu\n", piece->head.number, first - piece->at, last - first,
	       begin);
	return after;
}

static void search(const uint8_t *memory, size_t from, size_t end)
{
	const uint64_t mask = (1ull << table_bits) - 1;
	size_t place = from, told = from, slot;

	while (place + WORD <= end) {
		uint64_t word = word_at(memory + place), h = hash(word);
		uint64_t bit = h >> (64 - sieve_bits);

		if (!word || !(sieve[bit >> 6] >> (bit & 63) & 1)) {
			place += WORD;
			continue;
		}
		for (slot = h >> (64 - table_bits); table[slot]; slot = (slot + 1) & mask)
			if (word_at(pool + table[slot] - 1) == word)
				break;
		if (!table[slot]) {
			place += WORD;
			continue;
		}
		/* What was told once is not told again. */
		told = hit(memory, told, place, end, table[slot] - 1);
		place = told & ~(size_t)(WORD - 1);
		if (place < told)
			place += WORD;
	}
}

int main(int argc, char **argv)
{
	size_t searched = 0;
	off_t data, hole = 0;
	uint8_t *memory;
	struct stat st;
	int fd;

	if (argc != 3)
		die("usage: memsearch MEMORY PROCESS <PIECES");
	read_pieces();
	build_table();
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", argv[1], strerror(errno));
	memory = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("%s: %s", argv[1], strerror(errno));
	if (kill(atoi(argv[2]), SIGSTOP))
		die("cannot stop process %s: %s", argv[2], strerror(errno));
	usleep(STOP_US);
	/* Memory that the machine never touched is a hole. */
	while ((data = lseek(fd, hole, SEEK_DATA)) >= 0) {
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			die("%s: %s", argv[1], strerror(errno));
		search(memory, data, hole);
		searched += hole - data;
	}
	if (errno != ENXIO)
		die("%s: %s", argv[1], strerror(errno));
	printf("end %zu\n", searched);
	return ferror(stdout) || fclose(stdout) ? 2 : 0;
}
