// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key supply: docs/protocol.md section 5.4.
 *
 * The owner sets whole segments aside (MARK), so that applications and frames
 * never compete for the same octets. A range is taken at the owner under a
 * label and announced (TAKEN); the other end hands it out once, to who states
 * offset, octets and label. Requests are repeated until they are answered and
 * change nothing when they come again.
 *
 * Such segments are exempt from done marks: the other end keeps a range for its
 * own time to live, however long ago the owner read its half.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "frame.h"
#include "otp.h"
#include "supply.h"

#define REPEAT_MS	1000
#define RANGES_MAX	4096		/* per peer, both directions */

/*
 * The owner takes from a segment for so long after the ends last spoke of it,
 * and the other end keeps it twice as long: HELLO's window may have passed it.
 */
#define IDLE_S		30

static u64 granules(u64 octets)
{
	return (octets + QN_GRANULE - 1) & ~(u64)(QN_GRANULE - 1);
}

/**
 * qn_supply_init - give a peer its supply
 * @peer: the peer
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int qn_supply_init(struct qn_peer *peer)
{
	struct qn_supply *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->segs);
	INIT_LIST_HEAD(&s->ranges);
	init_waitqueue_head(&s->wait);
	rcu_assign_pointer(peer->supply, s);
	return 0;
}

/* Of a living peer: set once, freed with it. */
static struct qn_supply *supply_of(struct qn_peer *peer)
{
	return rcu_dereference_raw(peer->supply);
}

/* Claim and erase what is left of a range. */
static void erase(struct qn_peer *peer, u64 offset, u64 octets)
{
	rcu_read_lock();
	qn_stream_supply_erase(peer->stream, offset, granules(octets));
	rcu_read_unlock();
}

/**
 * qn_supply_free - the peer goes away; its stream is erased elsewhere
 * @peer: the peer
 */
void qn_supply_free(struct qn_peer *peer)
{
	struct qn_supply *s = supply_of(peer);
	struct qn_supply_range *range, *r;
	struct qn_supply_seg *seg, *t;

	if (!s)
		return;
	list_for_each_entry_safe(range, r, &s->ranges, list)
		kfree(range);
	list_for_each_entry_safe(seg, t, &s->segs, list)
		kfree(seg);
	kfree(s);
}

static void send(struct qn_peer *peer, struct qn_wire_supply *body, u8 flags)
{
	struct qn_frame f;

	qn_frame_own(peer, &f, QN_SUPPLY, sizeof(*body));
	f.flags = QN_F_PADDED | flags;
	if (!qn_frame_send(peer, &f, body, QN_ALLOC_CONTROL))
		qn_count(peer, QN_C_SUPPLY_TX);
}

static void send_mark(struct qn_peer *peer, struct qn_supply_seg *seg)
{
	struct qn_wire_supply body = {
		.op = QN_SUPPLY_MARK,
		.number = cpu_to_be64(seg->number),
		.offset = cpu_to_be64(seg->index << peer->shift),
		.octets = cpu_to_be64(1ULL << peer->shift),
	};

	seg->at = jiffies + msecs_to_jiffies(REPEAT_MS);
	send(peer, &body, 0);
}

static void send_taken(struct qn_peer *peer, struct qn_supply_range *range)
{
	struct qn_wire_supply body = {
		.op = QN_SUPPLY_TAKEN,
		.label_len = cpu_to_be16(range->label.len),
		.ttl = cpu_to_be32(range->ttl),
		.number = cpu_to_be64(range->number),
		.offset = cpu_to_be64(range->offset),
		.octets = cpu_to_be64(range->octets),
	};

	memcpy(body.label, range->label.octet, range->label.len);
	range->at = jiffies + msecs_to_jiffies(REPEAT_MS);
	send(peer, &body, 0);
}

static struct qn_supply_seg *seg_of(struct qn_supply *s, u64 index, bool own)
{
	struct qn_supply_seg *seg;

	list_for_each_entry(seg, &s->segs, list)
		if (seg->index == index && seg->own == own)
			return seg;
	return NULL;
}

static struct qn_supply_range *range_of(struct qn_supply *s, u64 offset,
					bool own)
{
	struct qn_supply_range *range;

	list_for_each_entry(range, &s->ranges, list)
		if (range->offset == offset && range->own == own)
			return range;
	return NULL;
}

static void range_forget(struct qn_supply *s, struct qn_supply_range *range)
{
	list_del(&range->list);
	s->range_count--;
	kfree(range);
}

/* The other end set a segment aside. */
static u8 marked(struct qn_peer *peer, struct qn_supply *s, u64 index)
{
	struct qn_supply_seg *seg = seg_of(s, index, false);

	if (seg) {
		seg->spoken = jiffies;
		return QN_SUPPLY_DONE;
	}
	seg = kzalloc(sizeof(*seg), GFP_ATOMIC | __GFP_NOWARN);
	if (!seg)
		return 0;	/* no answer: it is repeated */
	if (!qn_stream_supply_other(peer->stream, index)) {
		kfree(seg);
		return QN_SUPPLY_NOT_HELD;
	}
	seg->index = index;
	seg->spoken = jiffies;
	list_add_tail(&seg->list, &s->segs);
	return QN_SUPPLY_DONE;
}

/* Octets that the other end has taken under another label: it does not do that. */
static bool overlaps(struct qn_supply *s, u64 offset, u64 octets)
{
	struct qn_supply_range *range;

	list_for_each_entry(range, &s->ranges, list)
		if (!range->own && offset < range->offset + granules(range->octets) &&
		    range->offset < offset + granules(octets))
			return true;
	return false;
}

/* The other end took a range. */
static u8 taken(struct qn_peer *peer, struct qn_supply *s,
		const struct qn_wire_supply *w)
{
	u64 offset = be64_to_cpu(w->offset), octets = be64_to_cpu(w->octets);
	u32 ttl = be32_to_cpu(w->ttl), size = 1u << peer->shift;
	struct qn_supply_range *range;
	struct qn_supply_seg *seg;
	struct qn_range first;

	if (!octets || octets > size || offset % QN_GRANULE ||
	    (offset & (size - 1)) + granules(octets) > size ||
	    !ttl || ttl > QN_SUPPLY_TTL_MAX_S)
		return QN_SUPPLY_NOT_HELD;
	seg = seg_of(s, offset >> peer->shift, false);
	if (!seg)
		return QN_SUPPLY_NOT_HELD;
	seg->spoken = jiffies;
	/* Known, or known and fetched since: its first octets are gone then. */
	if (range_of(s, offset, false) ||
	    qn_stream_supply_range(peer->stream, offset, QN_GRANULE, &first))
		return QN_SUPPLY_DONE;
	if (overlaps(s, offset, octets))
		return QN_SUPPLY_NOT_HELD;
	if (s->range_count >= RANGES_MAX)
		return 0;
	range = kzalloc(sizeof(*range), GFP_ATOMIC | __GFP_NOWARN);
	if (!range)
		return 0;
	range->offset = offset;
	range->octets = octets;
	range->ttl = ttl;
	range->expires = jiffies + ttl * HZ;
	range->label.len = be16_to_cpu(w->label_len);
	memcpy(range->label.octet, w->label, range->label.len);
	list_add_tail(&range->list, &s->ranges);
	s->range_count++;
	return QN_SUPPLY_DONE;
}

static void answered(struct qn_peer *peer, struct qn_supply *s,
		     const struct qn_wire_supply *w)
{
	u64 number = be64_to_cpu(w->number), offset = be64_to_cpu(w->offset);
	struct qn_supply_range *range;
	struct qn_supply_seg *seg;

	if (w->op == QN_SUPPLY_MARK) {
		seg = seg_of(s, offset >> peer->shift, true);
		if (!seg || seg->number != number || seg->confirmed)
			return;
		if (w->status == QN_SUPPLY_DONE) {
			seg->confirmed = true;
			seg->spoken = jiffies;
		} else {
			qn_stream_drop(peer->stream, seg->index);
			list_del(&seg->list);
			kfree(seg);
		}
		wake_up_all(&s->wait);
		return;
	}
	range = range_of(s, offset, true);
	if (!range || range->number != number)
		return;
	seg = seg_of(s, offset >> peer->shift, true);
	if (seg && w->status == QN_SUPPLY_DONE)
		seg->spoken = jiffies;
	else if (seg)
		seg->closed = true;
	range->announced = true;
	if (!range->open)
		range_forget(s, range);
}

static bool body_valid(const struct qn_wire_supply *w, bool reply)
{
	return (w->op == QN_SUPPLY_MARK || w->op == QN_SUPPLY_TAKEN) &&
	       (reply ? w->status == QN_SUPPLY_DONE ||
			w->status == QN_SUPPLY_NOT_HELD : !w->status) &&
	       be16_to_cpu(w->label_len) <= QN_LABEL_MAX &&
	       be64_to_cpu(w->offset) < 1ULL << 60 &&
	       !memchr_inv(w->reserved, 0, sizeof(w->reserved)) &&
	       !memchr_inv(w->label + be16_to_cpu(w->label_len), 0,
			   QN_LABEL_MAX - be16_to_cpu(w->label_len));
}

/**
 * qn_supply_rx - a SUPPLY frame that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_supply_rx(struct qn_rx *rx)
{
	struct qn_peer *peer = rx->peer;
	struct qn_supply *s = supply_of(peer);
	struct qn_wire_supply body;
	bool reply = rx->f.flags & QN_F_REPLY, stale;
	u8 status;

	qn_otp_xor((u8 *)&body, rx->f.payload, qn_rx_pad(rx), sizeof(body));
	spin_lock(&peer->lock);
	stale = rx->f.origin != peer->id || !peer->pairing.made ||
		rx->f.incarnation != peer->pairing.other;
	spin_unlock(&peer->lock);
	if (stale) {
		qn_count(peer, QN_C_DROP_STALE);
		return false;
	}
	if (!s || !body_valid(&body, reply)) {
		qn_count(peer, QN_C_DROP_FORM);
		return false;
	}
	qn_count(peer, QN_C_SUPPLY_RX);

	spin_lock(&s->lock);
	if (reply) {
		answered(peer, s, &body);
	} else {
		status = body.op == QN_SUPPLY_MARK ?
			 marked(peer, s, be64_to_cpu(body.offset) >> peer->shift) :
			 taken(peer, s, &body);
		body.status = status;
		if (status)
			send(peer, &body, QN_F_REPLY);
	}
	spin_unlock(&s->lock);
	return false;
}

static bool idle(const struct qn_supply_seg *seg, u32 seconds)
{
	return time_after(jiffies, seg->spoken + seconds * HZ);
}

/* An own segment with room, confirmed by the other end. */
static struct qn_supply_seg *seg_with_room(struct qn_peer *peer,
					   struct qn_supply *s, u64 octets,
					   bool *waiting)
{
	u32 size = 1u << peer->shift;
	struct qn_supply_seg *seg;

	*waiting = false;
	list_for_each_entry(seg, &s->segs, list) {
		if (!seg->own || seg->closed)
			continue;
		if (idle(seg, IDLE_S)) {
			seg->closed = true;
			continue;
		}
		if (seg->cursor + granules(octets) > size) {
			/* Larger requests leave tails; smaller ones use them. */
			if (seg->cursor + QN_KEY_OCTETS > size)
				seg->closed = true;
			continue;
		}
		if (seg->confirmed)
			return seg;
		*waiting = true;
	}
	return NULL;
}

/* Set another own segment aside. */
static int mark_another(struct qn_peer *peer, struct qn_supply *s)
{
	struct qn_supply_seg *seg, *old, *tmp;
	struct qn_segment *key;
	int tails = 0;

	/* Of old tails only a few are kept. */
	list_for_each_entry_safe_reverse(old, tmp, &s->segs, list)
		if (old->own && !old->closed && ++tails > 4)
			old->closed = true;
	seg = kzalloc(sizeof(*seg), GFP_ATOMIC);
	if (!seg)
		return -ENOMEM;
	rcu_read_lock();
	key = qn_stream_supply_own(peer->stream);
	if (key) {
		seg->index = key->index;
		seg->cursor = key->start;
		seg->cursor = granules(seg->cursor);
	}
	rcu_read_unlock();
	if (!key) {
		kfree(seg);
		return -EAGAIN;
	}
	seg->own = true;
	seg->spoken = jiffies;
	seg->number = ++s->number;
	list_add_tail(&seg->list, &s->segs);
	send_mark(peer, seg);
	return 0;
}

/**
 * qn_supply_take - take a range of own key for an application
 * @peer: paired peer
 * @octets: how much; spends whole granules
 * @label: what both ends call it
 * @ttl: seconds that the other end keeps it
 * @offset: out
 *
 * Context: process, the peer held. Return: 0; -EAGAIN: no key can be spared;
 * -EINPROGRESS: the other end has not yet confirmed a segment, wait for
 * supply->wait and call again; -EMSGSIZE; -ENOSPC: too many ranges.
 */
int qn_supply_take(struct qn_peer *peer, u64 octets, const struct qn_label *label,
		   u32 ttl, u64 *offset)
{
	struct qn_supply *s = supply_of(peer);
	struct qn_supply_range *range;
	struct qn_supply_seg *seg;
	bool waiting;
	int err = 0;

	if (!octets || octets > (1u << peer->shift) -
				(peer->remote ? QN_KEY_OCTETS : 0))
		return -EMSGSIZE;
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	spin_lock_bh(&s->lock);
	if (s->range_count >= RANGES_MAX) {
		err = -ENOSPC;
		goto out;
	}
	seg = seg_with_room(peer, s, octets, &waiting);
	if (!seg) {
		err = waiting ? 0 : mark_another(peer, s);
		if (!err)
			err = -EINPROGRESS;
		goto out;
	}
	range->own = true;
	range->open = true;
	range->offset = (seg->index << peer->shift) + seg->cursor;
	range->octets = octets;
	range->ttl = ttl;
	range->label = *label;
	range->expires = jiffies + ttl * HZ;
	range->number = ++s->number;
	seg->cursor += granules(octets);
	*offset = range->offset;
	list_add_tail(&range->list, &s->ranges);
	s->range_count++;
	send_taken(peer, range);
	range = NULL;
out:
	spin_unlock_bh(&s->lock);
	kfree(range);
	qn_peer_kick(peer, REPEAT_MS);
	return err;
}

/**
 * qn_supply_fetch - hand out a range that the other end took, once
 * @peer: the peer
 * @offset: octet offset in the stream
 * @octets: octets
 * @label: what both ends call it
 *
 * Context: process. Return: 0; -ENOENT: no such range under that label, or
 * already fetched, or expired.
 */
int qn_supply_fetch(struct qn_peer *peer, u64 offset, u64 octets,
		    const struct qn_label *label)
{
	struct qn_supply *s = supply_of(peer);
	struct qn_supply_range *range;
	int err = -ENOENT;

	spin_lock_bh(&s->lock);
	range = range_of(s, offset, false);
	if (range && !range->open && range->octets == octets &&
	    range->label.len == label->len &&
	    !memcmp(range->label.octet, label->octet, label->len)) {
		range->open = true;
		err = 0;
	}
	spin_unlock_bh(&s->lock);
	return err;
}

/**
 * qn_supply_read - move the next octets of a range out of the stream
 * @peer: peer
 * @offset: whole granules
 * @key: out; the caller erases it
 * @len: octets, at most 1,024
 *
 * Return: octets, or -ENOENT / -EALREADY if they are gone (a new pairing).
 */
int qn_supply_read(struct qn_peer *peer, u64 offset, u8 *key, u32 len)
{
	struct qn_range r;
	int err;

	rcu_read_lock();
	err = qn_stream_supply_range(peer->stream, offset, granules(len), &r);
	if (!err && !qn_stream_claim(peer->stream, &r))
		err = -EALREADY;
	if (!err) {
		memcpy(key, r.key, len);
		qn_range_erase(&r);
	}
	rcu_read_unlock();
	return err ? err : len;
}

/**
 * qn_supply_close - a descriptor lets go of its range
 * @peer: peer
 * @offset: of the range
 * @octets: of the range
 * @done: octets that were read; the rest is erased
 */
void qn_supply_close(struct qn_peer *peer, u64 offset, u64 octets, u64 done)
{
	struct qn_supply *s = supply_of(peer);
	struct qn_supply_range *range;

	if (granules(done) < octets)
		erase(peer, offset + granules(done), octets - granules(done));
	spin_lock_bh(&s->lock);
	list_for_each_entry(range, &s->ranges, list) {
		if (range->offset != offset || !range->open)
			continue;
		range->open = false;
		if (!range->own || range->announced)
			range_forget(s, range);
		break;
	}
	spin_unlock_bh(&s->lock);
}

static bool has_ranges(struct qn_peer *peer, struct qn_supply *s,
		       const struct qn_supply_seg *seg)
{
	struct qn_supply_range *range;

	list_for_each_entry(range, &s->ranges, list)
		if (range->own == seg->own &&
		    range->offset >> peer->shift == seg->index &&
		    (!range->own || range->open))
			return true;
	return false;
}

/* Does the stream still hold it, and may a range of it still be taken? */
static void segment_state(struct qn_peer *peer, u64 index, bool *held, bool *done)
{
	struct qn_segment *key;

	rcu_read_lock();
	key = qn_stream_segment(peer->stream, index);
	*held = key;
	*done = key && (READ_ONCE(key->done_at) ||
			qn_segment_held(key) < QN_KEY_OCTETS);
	rcu_read_unlock();
}

/**
 * qn_supply_tick - repeat what was not answered, erase what expired
 * @peer: the peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_supply_tick(struct qn_peer *peer)
{
	struct qn_supply *s = supply_of(peer);
	struct qn_supply_range *range, *r;
	struct qn_supply_seg *seg, *t;
	u32 next = QN_PROBE_MS_MAX;
	bool held, done;

	if (!s || (list_empty(&s->segs) && list_empty(&s->ranges)))
		return next;
	rcu_read_lock();
	spin_lock_bh(&s->lock);
	list_for_each_entry_safe(range, r, &s->ranges, list) {
		next = REPEAT_MS;
		/* In a new pairing what the other end took in an old one is gone. */
		segment_state(peer, range->offset >> peer->shift, &held, &done);
		if ((time_after(jiffies, range->expires) ||
		     (!range->own && !held)) && !range->open) {
			erase(peer, range->offset, range->octets);
			range_forget(s, range);
		} else if (range->own && !range->announced &&
			   time_after_eq(jiffies, range->at)) {
			send_taken(peer, range);
		}
	}
	list_for_each_entry_safe(seg, t, &s->segs, list) {
		next = REPEAT_MS;
		segment_state(peer, seg->index, &held, &done);
		if (idle(seg, seg->own ? IDLE_S : 2 * IDLE_S) ||
		    (done && !seg->own))
			seg->closed = true;
		if (!held || (seg->closed && !has_ranges(peer, s, seg))) {
			qn_stream_drop(peer->stream, seg->index);
			list_del(&seg->list);
			kfree(seg);
		} else if (seg->own && !seg->confirmed &&
			   time_after_eq(jiffies, seg->at)) {
			send_mark(peer, seg);
		}
	}
	spin_unlock_bh(&s->lock);
	rcu_read_unlock();
	return next;
}
