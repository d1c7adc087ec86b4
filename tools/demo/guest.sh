#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the demo runs in the guest: the story, then a shell if it is to be kept.

if [ "${QKDNF_DEMO_KEEP:-}" != 1 ]; then
	exec python3 "$QKDNF_TOP/tools/demo/story.py"
fi
python3 "$QKDNF_TOP/tools/demo/story.py" --keep
status=$?
PATH=$QKDNF_TOP/build/user:$PATH
cd "$QKDNF_TOP" || exit
cat <<'EOF'

The network is yours. Nodes are network namespaces: a1 a2 ag1 ag2 bg1 bg2 b1 b2
bg3 bg4 cg1 cg2 c1 c2; ua and uc are users behind a1 and c2. For example

  qkdnfctl -n a1 show
  qkdnfctl -n a1 ipsec show
  ip netns exec ua ping 10.67.0.2
  qkdnfctl -n ag1 monitor
  qkdnfctl emu list
  qkdnfctl -n a1 apply tools/demo/nodes/a1.yaml --dry-run

exit powers off.
EOF
bash -i
exit $status
