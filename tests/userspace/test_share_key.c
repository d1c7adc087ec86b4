// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers of share keys: paid for, made ahead, erased, given back. */
#include "share_key.h"
#include "test.h"

#define SHIFT	12
#define SIZE	4096L		/* of SHIFT */

static void made_ahead_and_paid_for(void)
{
	struct qn_mem node, peer;
	struct qn_share_keys k;
	u8 *key[32];
	int i;

	qn_mem_init(&node, 1 << 20, NULL);
	qn_mem_init(&peer, 1 << 20, &node);
	qn_share_keys_init(&k, SHIFT, &peer);
	CHECK(!qn_share_key_get(&k), "made where nobody may wait");
	qn_share_keys_want(&k, 4);
	CHECK(atomic_long_read(&peer.used) == 4 * SIZE);
	CHECK(atomic_long_read(&node.used) == 4 * SIZE);
	for (i = 0; i < 4; i++) {
		key[i] = qn_share_key_get(&k);
		REQUIRE(key[i]);
	}
	CHECK(!qn_share_key_get(&k));
	/* What is in use is counted among those that are wanted, and stays. */
	qn_share_keys_want(&k, 4);
	CHECK(!qn_share_key_get(&k));
	qn_share_keys_want(&k, 0);
	CHECK(atomic_long_read(&peer.used) == 4 * SIZE);
	for (i = 0; i < 4; i++)
		qn_share_key_put(&k, key[i]);
	qn_share_keys_want(&k, 1000);
	CHECK(atomic_long_read(&peer.used) == 32 * SIZE);
	for (i = 0; i < 32; i++)
		key[i] = qn_share_key_get(&k);
	for (i = 0; i < 32; i++)
		qn_share_key_put(&k, key[i]);
	qn_share_keys_want(&k, 0);
	CHECK(!atomic_long_read(&peer.used) && !atomic_long_read(&node.used));
}

static void erased_before_it_is_spare(void)
{
	struct qn_share_keys k;
	struct qn_mem mem;
	u8 *key, *again;

	qn_mem_init(&mem, 1 << 20, NULL);
	qn_share_keys_init(&k, SHIFT, &mem);
	qn_share_keys_want(&k, 1);
	key = qn_share_key_get(&k);
	REQUIRE(key);
	key_make(key, 1, 0, SIZE);
	qn_share_key_put(&k, key);
	CHECK(!key_somewhere(key, SIZE));
	again = qn_share_key_get(&k);
	CHECK(again == key);
	qn_share_key_put(&k, again);
	qn_share_keys_want(&k, 0);
}

static void bounded_by_budget_and_memory(void)
{
	struct qn_share_keys k;
	struct qn_mem mem;

	qn_mem_init(&mem, 3 * SIZE, NULL);
	qn_share_keys_init(&k, SHIFT, &mem);
	qn_share_keys_want(&k, 8);
	CHECK(k.total == 3 && k.spares == 3);
	qn_share_keys_want(&k, 0);
	shim_fail_after(1);
	qn_share_keys_want(&k, 3);
	shim_fail_after(-1);
	CHECK(k.total == 1 && atomic_long_read(&mem.used) == SIZE);
	qn_share_keys_want(&k, 0);
	CHECK(!atomic_long_read(&mem.used));
}

TEST_MAIN(TEST(made_ahead_and_paid_for), TEST(erased_before_it_is_spare),
	  TEST(bounded_by_budget_and_memory))
