/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRANT, and who spends what of one segment: the rules of docs/protocol.md 4 and
 * 5.3 as kernel/segment.c, kernel/window.c, kernel/grant.c and kernel/frame.c have
 * them, explored exhaustively within bounds. tests/model/README.md says what is
 * explored and what is left out.
 *
 * Within one pairing two ends, 0 and 1, hold a segment that is born to 0, and may
 * be granted to 1. A unit of it keys a frame. Each end has processors that send, that
 * receive, and one that erases: what is one step here is one atomic operation, or is
 * done under the stream's lock, there. The network
 * delivers every frame that was ever sent at any time, any number of times, or
 * never; so a repetition needs no step of its own. A forger sends one frame more,
 * tagged under a key of zeros, which is what an erased range holds.
 */

#ifndef UNITS
#define UNITS		2
#endif
#ifndef CPUS
#define CPUS		1	/* that send, and that receive, at each end */
#endif

#define BIT(u)		(1 << (u))
#define AT(e, u)	((e) * UNITS + (u))

/* The cursor's values above all units. */
#define GRANTED		(UNITS + 1)
#define CLOSED		(UNITS + 2)

byte cursor[2];
bit own[2];			/* QN_SEG_OWN */
bit gone[2];			/* no longer in the ring */
byte claimed[2];		/* bits: claim bits of the units */
bit zero[2 * UNITS];		/* the unit's octets were erased */
byte accepted[2 * UNITS];	/* frames used under it */
byte sealer[UNITS];		/* 0, or 1 + who sealed a frame under it */
bit granting;			/* the GRANT is under way, and stays so */
bit answered;			/* ... and 1 has answered it once */
#ifdef MUTANT_GRANTED_BACK
bit backing;
#endif

/* qn_segment_take() may move this cursor. */
#define SPENDS(e)	(own[e] && !gone[e] && cursor[e] < UNITS)

/* What holds always: there are never two who may allocate. */
#define ONE_OWNER	assert(!(SPENDS(0) && SPENDS(1)))

/* Test-and-set of a claim bit: `won` says whether this one did it. */
inline claim(e, u, won)
{
	won = !(claimed[e] >> (u) & 1);
	claimed[e] = claimed[e] | BIT(u)
}

/* qn_stream_alloc() and the sealing of a frame. */
proctype sender(bit e)
{
	byte old, u;
	bit won;

again:	do
	:: atomic { SPENDS(e) -> old = cursor[e] };
		/* compare-and-exchange */
		atomic {
			if
#ifdef MUTANT_ALLOC_TWO_STEPS
			:: true -> cursor[e] = old + 1; u = old
#else
			:: cursor[e] == old -> cursor[e] = old + 1; u = old
#endif
			:: else -> old = 0; goto again
			fi
		};
#ifndef MUTANT_NOT_CLAIMED
		atomic {
			claim(e, u, won);
			if
			:: won -> won = 0
			:: else -> old = 0; u = 0; goto again	/* an eraser was first */
			fi
		};
#endif
		atomic {
			/* No unit keys two frames, nor does an erased one. */
			assert(!zero[AT(e, u)]);
			assert(!sealer[u]);
			sealer[u] = 1 + e;
			printf("end %d seals under %d\n", e, u)
		};
		atomic { zero[AT(e, u)] = 1; old = 0; u = 0 }
	od
}

/* qn_frame_rx() */
proctype receiver(bit e)
{
	byte u;
	bit forged, won;

again:	do
	:: atomic {
		/* A frame that the other end sealed, or a forger; qn_stream_peek() */
		if
		:: u = 0
		:: UNITS > 1 -> u = 1
		fi;
		if
		:: sealer[u] == 2 - e -> forged = 0
		:: forged = 1
		fi;
		if
		:: !own[e] && !gone[e] && !(claimed[e] >> u & 1)
		:: else -> u = 0; forged = 0; goto again
		fi
	   };
#ifdef MUTANT_CLAIMED_FIRST
		atomic {
			claim(e, u, won);
			if
			:: won -> won = 0
			:: else -> u = 0; forged = 0; goto again
			fi
		};
#endif
		/* The tag is right under what is there now. */
		atomic {
			if
			:: zero[AT(e, u)] == forged
			:: else ->
#ifdef MUTANT_CLAIMED_FIRST
				/* Nothing unauthenticated changes state. */
				assert(!forged);
#endif
				u = 0; forged = 0; goto again
			fi
		};
#if defined(MUTANT_CLAIM_TWO_STEPS)
		(claimed[e] >> u & 1) == 0;
		claimed[e] = claimed[e] | BIT(u);
#elif !defined(MUTANT_CLAIMED_FIRST)
		atomic {
			claim(e, u, won);
			if
			:: won -> won = 0
			:: else -> u = 0; forged = 0; goto again
			fi
		};
#endif
		atomic {
			assert(!forged);
			accepted[AT(e, u)]++;
			assert(accepted[AT(e, u)] == 1);
			/* What this end sealed itself nobody else may have sealed, too. */
			assert(sealer[u] == 2 - e);
#ifdef UNREACHED
			assert(!(e == 0 && u == UNITS - 1));
#endif
			printf("end %d takes %d\n", e, u)
		};
		atomic { zero[AT(e, u)] = 1; u = 0; forged = 0 }
	od
}

/* qn_stream_doom_locked(), whoever asks for it: a full store, a done mark, a reply. */
proctype eraser(bit e)
{
	byte u;
	bit won;

	atomic {
		!gone[e] ->
		if
		:: cursor[e] != GRANTED -> cursor[e] = CLOSED
		:: else
		fi
	};
	do
	:: u < UNITS ->
#ifdef MUTANT_ERASED_FIRST
		atomic {
			if
			:: claimed[e] >> u & 1
			:: else -> zero[AT(e, u)] = 1
			fi
		};
		claim(e, u, won);
		won = 0;
#else
		atomic { claim(e, u, won) };
		atomic {
			if
			:: won -> zero[AT(e, u)] = 1; won = 0
			:: else
			fi
		};
#endif
		u++
	:: else -> break
	od;
	atomic { u = 0; gone[e] = 1 }
}

/* qn_grant_asked(), qn_segment_grant(); answered() dooms, which happens anyway. */
proctype granter()
{
#ifdef MUTANT_GRANT_TWO_STEPS
	SPENDS(0) && cursor[0] == 0;
	cursor[0] = GRANTED;
#else
	atomic {
#ifdef MUTANT_GRANT_TOUCHED
		SPENDS(0) ->
#else
		SPENDS(0) && cursor[0] == 0 ->
#endif
		cursor[0] = GRANTED
	};
#endif
	own[0] = 0;
	granting = 1;
#ifdef MUTANT_TAKEN_BACK
	/* No answer: surely it was lost. */
	atomic { !gone[0] -> cursor[0] = 0; own[0] = 1 }
#endif
#ifdef MUTANT_GRANTED_BACK
	atomic { backing && !gone[0] -> cursor[0] = 0; own[0] = 1 }
#endif
}

/*
 * qn_grant_rx(), qn_stream_adopt(): under the stream's lock, as often as it comes.
 * The answer, which is always the same, is nothing but a reason to erase.
 */
#ifdef MUTANT_GRANTED_BACK
#define ADOPTS		(!gone[1] && !own[1])
#else
#define ADOPTS		(!gone[1] && !own[1] && !answered)
#endif

proctype grantee()
{
	do
	:: atomic {
		granting && ADOPTS ->
		cursor[1] = 0;
		own[1] = 1;
		answered = 1;
		printf("end 1 has it\n")
	   }
	:: atomic { granting && !ADOPTS && !answered -> answered = 1 }
#ifdef MUTANT_GRANTED_BACK
	:: atomic {
		SPENDS(1) && cursor[1] == 0 && !backing ->
		cursor[1] = GRANTED;
		own[1] = 0;
		backing = 1
	   }
#endif
	od
}

/* Between any two steps. */
proctype watch()
{
	do
	:: atomic { SPENDS(0) && SPENDS(1) -> ONE_OWNER }
	:: timeout -> break
	od
}

init
{
	atomic {
		own[0] = 1;
		cursor[1] = CLOSED;
		run watch();
		run sender(0);
		run sender(1);
		run receiver(0);
		run receiver(1);
#if CPUS > 1
		run sender(0);
		run sender(1);
		run receiver(0);
		run receiver(1);
#endif
		run eraser(0);
		run eraser(1);
		run granter();
		run grantee()
	}
}
