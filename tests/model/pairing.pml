/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairing: the rules of docs/protocol.md 5.1 as kernel/pairing.c, kernel/stream.c
 * and kernel/frame.c have them, explored exhaustively within bounds.
 * tests/model/README.md says what is explored and what is left out.
 *
 * Two ends, 0 and 1. Segment s is allocated from by end s % 2, a unit at a time:
 * the key of one frame. The network is the table of all frames that were ever
 * sealed: it delivers any of them at any time, in any order, as often as it
 * likes, or never. So a repetition octet for octet needs no step of its own.
 *
 * A frame that nobody can take any more (its unit was claimed, or its receiver
 * will never hold it again) is forgotten: fewer states, the same behaviours.
 *
 * Two ways to run it:
 *   without CALM	safety: a PROBE is keyed by any own segment with room, so
 *			it does not matter which one is tried when, or is full
 *   with CALM		the choice of segments as it is; and after any storm the
 *			ends must become paired, and heard, in bounded time
 */

#ifndef SEGMENTS
#define SEGMENTS	5	/* of the storm: anything may happen */
#endif
#ifndef UNITS
#define UNITS		2
#endif
#ifndef RESTARTS
#define RESTARTS	2	/* of both ends together */
#endif

#ifdef CALM
#ifdef HOLES
#define PHASES		3	/* of the calm; each begins with two more segments */
#define PHASE_SECONDS	24
#else
#define PHASES		2
#define PHASE_SECONDS	48
#endif
#define CALM_SEGMENTS	(2 * PHASES)
#define STRIDE		12	/* units of a segment in the calm */
#define HELLO_EVERY	4	/* seconds */
#define BACKOFF_MAX	16
#define UNITS_OF(s)	(calm -> STRIDE : UNITS)
#else
#define CALM_SEGMENTS	0
#define STRIDE		UNITS
#define UNITS_OF(s)	UNITS
#define HOLES
#endif

#define ALL		(SEGMENTS + CALM_SEGMENTS)
#define BIT(s)		(1 << (s))
#define FAR		15	/* above any segment */
#define NO_SEGMENT	255

/* A frame: kind, incarnation, echo, barrier. */
#define NONE		0	/* nothing was sealed under this unit yet */
#define GONE		1	/* sealed; nobody can take it any more */
#define PROBE		2048
#define HELLO		4096	/* stands for all that is sealed in a pairing */
#define SEAL(kind, i, e, b)	((kind) | (i) << 7 | (e) << 4 | (b))
#define INC(f)		((f) >> 7 & 7)
#define ECHO(f)		((f) >> 4 & 7)
#define STATED(f)	((f) & 15)

short frame[ALL * STRIDE];
byte cursor[ALL];		/* units that the owner has allocated */
int claimed[ALL];		/* bits: units that the receiver has claimed */
int ever[ALL];			/* ... in any of its lives: for the assertion */

/* struct qn_pairing, and what matters of struct qn_stream. */
byte own[2];			/* incarnation: counts the lives of this end */
byte other[2];
byte frozen[2];
byte stated[2];			/* 0: none (what is stated is 1 at least) */
byte barrier[2];
byte accepted[2];
bit made[2];
bit heard[2];
byte top[2];
byte ground[2];			/* the stream's floor */
byte next[2];			/* segment that the source delivers next */
bit part[2];			/* ... of which a part is here */
short whole[2];			/* bits: segments held whole */
byte restarts;

#ifdef CALM
short stored[2];		/* 1 + place in frame[] of the stored PROBE */
byte walk[2], repeats[2], backoff[2], wait[2];
bool calm;
/* From here on: used in the calm alone. */
byte hint[2], seconds, below, k, who;
chan due = [8] of { short };	/* frames delivered before time goes on */
#endif

/* A PROBE that does not echo this life: safety does not rest on what it states. */
#if defined(CALM) || defined(MUTANT_ANY_ECHO)
#define UNTOLD		skip
#else
#define UNTOLD		f = SEAL(PROBE, INC(f), 0, 0)
#endif

/* Scratch; 0 between steps. */
byte e, s, u, a, b, n, pos;
short f;

/* Everything of segment i that end x has open. */
#define HELD(x, i)	(whole[x] >> (i) & 1)
#define OPEN(x, i, v)	((HELD(x, i) || (part[x] && (i) == next[x] && (v) == 0)) && \
			 !(claimed[i] >> (v) & 1))
#define MINE(x, i)	((i) % 2 == (x) && HELD(x, i) && cursor[i] < UNITS_OF(i))
#define RECEIVER(p)	(1 - (p) / STRIDE % 2)
#define TAKEABLE(p)	(frame[p] > GONE && (frame[p] < HELLO || made[RECEIVER(p)]) && \
			 OPEN(RECEIVER(p), (p) / STRIDE, (p) % STRIDE))

/* This segment was lost to end x, or passed by: it never has it again. */
#define LOST(x, i)	((i) < next[x] && !HELD(x, i))

/*
 * What no longer makes a difference is made alike: frames that nobody can take,
 * units that nobody can seal under, words to a life that is over.
 */
inline tidy()
{
	pos = 0;
	do
	:: pos < ALL * STRIDE ->
		s = pos / STRIDE;
		u = pos % STRIDE;
		f = frame[pos];
		if
		:: f == NONE && LOST(s % 2, s) -> f = GONE
		:: f > GONE && ((claimed[s] >> u & 1) || LOST(1 - s % 2, s)) -> f = GONE
		:: f >= PROBE && f < HELLO && ECHO(f) != own[1 - s % 2] -> UNTOLD
		:: else
		fi;
		frame[pos] = f;
		if
		:: LOST(s % 2, s) -> cursor[s] = UNITS_OF(s)
		:: else
		fi;
		if
		:: LOST(1 - s % 2, s) -> claimed[s] = 0; ever[s] = 0
		:: else
		fi;
		pos++
	:: else -> break
	od
}

#define PAIRED	(made[0] && made[1] && other[0] == own[1] && other[1] == own[0])

/* What holds between any two steps. */
inline check()
{
#ifdef UNREACHED
	assert(!(heard[0] && heard[1] && PAIRED && restarts == RESTARTS));
#endif
	assert(!PAIRED || barrier[0] == barrier[1]);
	assert(!heard[0] || other[0] != own[1] || (made[1] && other[1] == own[0]));
	assert(!heard[1] || other[1] != own[0] || (made[0] && other[0] == own[1]))
}

inline reset()
{
	e = 0; s = 0; u = 0; a = 0; b = 0; n = 0; pos = 0; f = 0
}

inline end_step()
{
#ifndef MUTANT_SOURCE_REPEATS
	tidy();
#endif
	check();
	reset()
}

/* Allocate the next unit of segment i, and seal a frame under it. */
inline seal(x, i, what)
{
	u = cursor[i];
#ifdef MUTANT_SAME_KEY
	u = (u && what < HELLO -> u - 1 : u);
#endif
	cursor[i] = u + 1;
	/* No unit is spent twice (the same octets again are no spending). */
	assert(frame[(i) * STRIDE + u] == NONE || frame[(i) * STRIDE + u] == what);
	/* None is spent below the barrier of a pairing. */
	assert(!made[x] || (i) >= barrier[x]);
	frame[(i) * STRIDE + u] = what;
	if
	:: what < HELLO -> printf("end %d life %d: PROBE", x, own[x])
	:: else -> printf("end %d life %d: HELLO", x, own[x])
	fi;
	printf(" under %d.%d, echo %d barrier %d\n", i, u, ECHO(what), STATED(what))
}

#ifdef MUTANT_NOT_FROZEN
#define FROZEN(x)	top[x]
#else
#define FROZEN(x)	frozen[x]
#endif

/* build() under segment i */
inline build_in(x, i)
{
	b = (other[x] -> FROZEN(x) : top[x]);
	seal(x, i, SEAL(PROBE, own[x], other[x], b))
#ifdef CALM
	; stored[x] = 1 + (i) * STRIDE + u;
	if
	:: calm -> due ! (i) * STRIDE + u
	:: else
	fi
#endif
}

/* The newest own segment with room below an index. */
inline newest(x, below)
{
	a = NO_SEGMENT;
	n = 0;
	do
	:: n < ALL ->
		if
		:: n < (below) && MINE(x, n) -> a = n
		:: else
		fi;
		n++
	:: else -> break
	od
}

inline accept(x, i, from)
{
#ifndef MUTANT_STAYS_PAIRED
	made[x] = 0;
	barrier[x] = 0;
#endif
	heard[x] = 0;
	stated[x] = 0;
	other[x] = i;
	accepted[x] = from + 1;
	frozen[x] = top[x];
#ifdef CALM
	walk[x] = FAR
#endif
}

/* make(), qn_stream_pair() */
inline make(x, b)
{
#ifdef MUTANT_OWN_BARRIER
	barrier[x] = frozen[x];
#else
	barrier[x] = (frozen[x] > (b) -> frozen[x] : (b));
#endif
	made[x] = 1;
	printf("     end %d life %d pairs with %d at %d\n", x, own[x], other[x], barrier[x]);
	ground[x] = (ground[x] < top[x] -> ground[x] : top[x]);
#ifndef MUTANT_NO_FLOOR
	ground[x] = (ground[x] > barrier[x] -> ground[x] : barrier[x]);
#endif
#ifndef MUTANT_NOT_ERASED
	whole[x] = whole[x] >> barrier[x] << barrier[x];
	if
	:: next[x] < barrier[x] -> part[x] = 0
	:: else
	fi
#endif
}

/* answer(): built under a of any own segments, or of none. */
inline answer(x)
{
#ifdef CALM
	repeats[x] = 0;
	backoff[x] = 1;
	wait[x] = 1;
	stored[x] = 0;
	newest(x, stated[x]);
#ifndef MUTANT_BELOW_ALONE
	if
	:: a == NO_SEGMENT -> newest(x, FAR)
	:: else
	fi;
#endif
#endif
	if
	:: a != NO_SEGMENT && MINE(x, a) -> build_in(x, a)
	:: else
	fi
}

#ifdef MUTANT_ANY_ORDER
#define TOO_OLD(x, i)	false
#else
#define TOO_OLD(x, i)	((i) + 1 <= accepted[x])
#endif
#ifdef MUTANT_ANY_ECHO
#define ECHOED(x)	true
#else
#define ECHOED(x)	(ECHO(f) == own[x])
#endif

/* qn_frame_rx() of the frame at pos; e, s, u, f say whose. */
inline deliver()
{
	f = frame[pos];
	s = pos / STRIDE;
	u = pos % STRIDE;
	e = 1 - s % 2;
#ifndef MUTANT_NOT_CLAIMED
	claimed[s] = claimed[s] | BIT(u);
#endif
	printf("     end %d life %d takes %d.%d\n", e, own[e], s, u);
	/* Nothing is taken twice, or below the barrier, or of another pairing. */
	assert(!(ever[s] >> u & 1));
	ever[s] = ever[s] | BIT(u);
	assert(!made[e] || s >= barrier[e]);
	if
	:: f >= HELLO ->
		assert(INC(f) == other[e] && ECHO(f) == own[e] &&
		       STATED(f) == barrier[e]);
		heard[e] = 1
#ifdef CALM
		; stored[e] = 0
#endif
	:: else ->
		if
		:: INC(f) != other[e] && TOO_OLD(e, s)
		:: INC(f) == other[e] && heard[e]
		:: else ->
			if
			:: INC(f) != other[e] -> accept(e, INC(f), s)
			:: s >= accepted[e] -> accepted[e] = s + 1
			:: else
			fi;
			if
			:: made[e]
			:: else ->
				stated[e] = STATED(f);
#ifdef MUTANT_ERASED_FIRST
				if
				:: ECHOED(e) -> make(e, STATED(f))
				:: else
				fi;
				answer(e)
#else
				answer(e);
				if
				:: ECHOED(e) -> make(e, STATED(f))
				:: else
				fi
#endif
			fi
		fi
	fi
}

/* A segment begins, becomes whole, or is passed by with a hole in it. */
inline begin()
{
	part[e] = 1;
	top[e] = (next[e] + 1 > top[e] -> next[e] + 1 : top[e])
}

inline complete()
{
	part[e] = 0;
	whole[e] = whole[e] | BIT(next[e]);
	if
	:: next[e] % 2 == e -> cursor[next[e]] = 0
	:: else -> claimed[next[e]] = claimed[next[e]] & 1
	fi;
	printf("end %d life %d has %d\n", e, own[e], next[e]);
	next[e]++
}

inline pass_by()
{
	printf("end %d life %d lacks %d\n", e, own[e], next[e]);
	part[e] = 0;
	next[e]++
}

/* The store is lost; the source goes on behind what it delivered. */
inline restart()
{
	restarts++;
	own[e]++;
	printf("end %d begins life %d\n", e, own[e]);
	other[e] = 0; frozen[e] = 0; stated[e] = 0; barrier[e] = 0;
	accepted[e] = 0; made[e] = 0; heard[e] = 0; top[e] = 0; ground[e] = 0;
	whole[e] = 0;
#ifdef CALM
	stored[e] = 0; walk[e] = FAR; repeats[e] = 0;
#endif
#ifdef MUTANT_SOURCE_REPEATS
	part[e] = 0;
	next[e] = 0
#else
	next[e] = next[e] + part[e];
	part[e] = 0
#endif
}

#ifdef CALM
/* Deliver what is due, and what that brings about, until there is no more. */
inline deliver_due()
{
	do
	:: nempty(due) ->
		due ? pos;
		if
		:: TAKEABLE(pos) -> deliver()
		:: else
		fi
	:: empty(due) -> break
	od
}

/* The barrier that the other end stated says where to look first. */
#define BELOW(x)	(stated[x] && !made[x] -> stated[x] : FAR)
#define STORED_IN(x)	((stored[x] - 1) / STRIDE)

/* repeat() */
inline repeat(x)
{
	backoff[x] = 2 * backoff[x];
	backoff[x] = (backoff[x] > BACKOFF_MAX -> BACKOFF_MAX : backoff[x]);
	backoff[x] = (backoff[x] -> backoff[x] : 1);
	wait[x] = backoff[x];
	below = 0;
	if
	:: !stored[x] -> below = BELOW(x); walk[x] = below
	:: stored[x] && !HELD(x, STORED_IN(x)) -> below = BELOW(x)
	:: else ->
		repeats[x]++;
		if
#ifdef MUTANT_BELOW_FIRST
		:: repeats[x] % 4 == 2 -> below = BELOW(x)
#else
		:: repeats[x] % 4 == 2 -> below = FAR
#endif
		:: repeats[x] % 4 == 0 ->
			below = BELOW(x);
			below = (walk[x] < below -> walk[x] : below)
		:: else
		fi
	fi;
	/* build(), build_anew() */
	a = NO_SEGMENT;
	do
	:: below && a == NO_SEGMENT ->
		newest(x, below);
		if
		:: below == FAR -> below = 0
		:: below < BELOW(x) -> below = BELOW(x)
#ifdef MUTANT_BELOW_ALONE
		:: else -> below = 0
#else
		:: else -> below = FAR
#endif
		fi
	:: else -> break
	od;
	if
	:: a != NO_SEGMENT -> build_in(x, a)
	:: a == NO_SEGMENT && stored[x] -> due ! stored[x] - 1
	:: else -> wait[x] = 1
	fi;
	if
	:: stored[x] && repeats[x] % 4 == 0 && repeats[x] -> walk[x] = STORED_IN(x)
	:: else
	fi
}

/* qn_hello_tick(): another unshown segment each time. */
inline hello(x)
{
	a = NO_SEGMENT;
	n = 0;
	do
	:: n < 2 * ALL ->
		if
		:: a == NO_SEGMENT && MINE(x, n % ALL) && (n >= ALL || n >= hint[x]) ->
			a = n % ALL
		:: else
		fi;
		n++
	:: else -> break
	od;
	if
	:: a != NO_SEGMENT ->
		hint[x] = a + 1;
		seal(x, a, SEAL(HELLO, own[x], other[x], barrier[x]));
		due ! a * STRIDE + u
	:: else
	fi
}

inline tick(x)
{
	if
	:: !(made[x] && heard[x]) ->
		if
		:: wait[x] -> wait[x]--
		:: else
		fi;
		if
		:: !wait[x] -> repeat(x)
		:: else
		fi
	:: else
	fi;
	if
	:: made[x] && seconds % HELLO_EVERY == 0 -> hello(x)
	:: else
	fi
}

/* Two more segments, one of each lane, whole at both ends. */
inline two_more(last)
{
	k = 0;
	do
	:: k < 2 && next[k] <= last ->
		e = k;
#ifdef HOLES
		next[e] = (next[e] < last - 1 -> last - 1 : next[e]);
#endif
		if
		:: next[e] < ground[e] -> pass_by()
		:: else -> begin(); complete()
		fi
	:: k < 2 && next[k] > last -> k++
	:: else -> break
	od
}

#define HEARD	(PAIRED && heard[0] && heard[1])
/* Without holes one more segment of each lane is enough to pair, as many to be heard. */
#ifdef HOLES
#define TO_REACH	HEARD
#define REACHED		(HEARD || phase < PHASES - 1)
#else
#define TO_REACH	(HEARD || (PAIRED && phase == 0))
#define REACHED		TO_REACH
#endif
#endif

active proctype world()
{
#ifdef CALM
	byte order, phase;

	walk[0] = FAR;
	walk[1] = FAR;
#endif
	own[0] = 1;
	own[1] = 1;
again:	do
	:: atomic {
		/* The network delivers a frame. */
		do
		:: pos < SEGMENTS * STRIDE && TAKEABLE(pos) -> break
		:: pos < SEGMENTS * STRIDE -> pos++
		:: else -> reset(); goto again
		od;
#ifndef CALM
		/* The answer, if it comes to one, under whatever there is. */
		if
		:: a = NO_SEGMENT
		:: frame[pos] < HELLO && !made[RECEIVER(pos)] ->
			a = RECEIVER(pos);
			do
			:: a < ALL && MINE(RECEIVER(pos), a) -> break
			:: a < ALL -> a = a + 2
			:: else -> reset(); goto again
			od
		fi;
#endif
		d_step { deliver(); end_step() }
	   }
	:: atomic {
		/* An end says a PROBE anew, or a frame in the pairing. */
		if
		:: a = 0
		:: a = 1
		fi;
		e = a;
		do
		:: a < SEGMENTS && MINE(e, a) -> break
		:: a < SEGMENTS -> a = a + 2
		:: else -> reset(); goto again
		od;
		if
		:: !(made[e] && heard[e]) -> d_step { build_in(e, a); end_step() }
		:: made[e] ->
			d_step {
				seal(e, a, SEAL(HELLO, own[e], other[e], barrier[e]));
				end_step()
			}
		fi
	   }
	:: atomic {
		/* A source delivers, or passes something by; or an end restarts. */
		if
		:: e = 0
		:: e = 1
		fi;
		if
#ifdef PARTS
		:: next[e] < SEGMENTS && !part[e] && next[e] >= ground[e] ->
			d_step { begin(); end_step() }
		:: next[e] < SEGMENTS && part[e] -> d_step { complete(); end_step() }
#else
		:: next[e] < SEGMENTS && next[e] >= ground[e] ->
			d_step { begin(); complete(); end_step() }
#endif
#ifdef HOLES
		:: next[e] < SEGMENTS -> d_step { pass_by(); end_step() }
#else
		:: next[e] < SEGMENTS && next[e] < ground[e] ->
			d_step { pass_by(); end_step() }
#endif
		:: restarts < RESTARTS -> d_step { restart(); end_step() }
		:: else -> reset(); goto again
		fi
	   }
#ifdef CALM
	:: atomic {
		calm = true;
		printf("calm\n");
		if
		:: order = 0
		:: order = 1
		:: order = 2
		:: order = 3
		fi;
		do
		:: phase < PHASES ->
			d_step { two_more(SEGMENTS + 2 * phase + 1); seconds = 0 }
			do
			:: seconds < PHASE_SECONDS && !TO_REACH ->
				d_step { who = order & 1; tick(who) }
				if
				:: order & 2 -> d_step { deliver_due(); k = 0 }
				:: else
				fi;
				d_step { who = 1 - who; tick(who) }
				d_step { deliver_due(); seconds++ }
			:: else -> break
			od;
			assert(REACHED);
			check();
			phase++
		:: else -> break
		od;
		break
	   }
#endif
	od
}
