# SPDX-License-Identifier: Apache-2.0
"""Faults that Eva must find: a check taken out of a header, and the harness that must miss it."""
from proof_faults import Fault

PACKET, ICMP, FRAGMENT = "core/packet.h", "core/icmp.h", "core/fragment.h"
CODEC, SNAPSHOT, PREFIX = "dataplane/codec.c", "dataplane/snapshot.c", "dataplane/prefix.c"
REWRITE, MSS, ANSWER, SUM = "core/rewrite.h", "core/mss.h", "core/answer.h", "core/sum.h"

FAULTS = (
    Fault("an offset and a length are compared one byte short", PACKET,
          (("return at + bytes <= env_frame_end(frame)", "return at + bytes <= "
            "env_frame_end(frame) + 1"),), "parse"),
    Fault("a tag is read without a look at the frame's end", PACKET,
          (("\t\tif (!tag)\n\t\t\treturn 0;\n", ""),), "parse"),
    Fault("a TCP header is taken to be there in 12 bytes", PACKET,
          (("packet_at(frame, p->transport, TCP_BYTES)", "packet_at(frame, p->transport, 12)"),),
          "parse"),
    Fault("an option of IPv4 is summed wherever it lies", PACKET,
          (("\t\tif (!option)\n\t\t\treturn false;\n", ""),), "parse"),
    Fault("an extension header is taken to be there in 2 bytes", PACKET,
          (("packet_at(frame, offset + walk->bytes, IPV6_EXTENSION_UNIT)",
            "packet_at(frame, offset + walk->bytes, 2)"),), "parse"),
    Fault("a quoted header is read in 16 of its bytes", ICMP,
          (("bytes = packet_at(frame, q->ip, IPV4_BYTES);",
            "bytes = packet_at(frame, q->ip, 16);"),), "errors"),
    Fault("what stands behind a quoted header is not looked for", ICMP,
          (("!header_bytes || !bytes || header_bytes", "!header_bytes || header_bytes"),),
          "errors"),
    Fault("a quoted checksum is rewritten wherever it lies", ICMP,
          (("if (!check || offset + sizeof(*check) >", "if (offset + sizeof(*check) >"),),
          "errors"),
    Fault("the change of a quoted packet is used though there is none", ICMP,
          (("\tif (!port_at || !rewrite_ip(frame, q->ip, family, end, address, false, &ip))\n"
            "\t\treturn false;\n", "\tif (!port_at)\n\t\treturn false;\n\t(void)rewrite_ip(frame, "
            "q->ip, family, end, address, false, &ip);\n"),), "errors"),
    Fault("an entry's place is not brought into the table", FRAGMENT,
          (("entries[place % FRAGMENT_ENTRIES]", "entries[place]"),), "fragments"),
    Fault("an id is written into two bytes that are there and two that are not", FRAGMENT,
          (("packet_at(frame, fragment_id_offset(p), 4);",
            "packet_at(frame, fragment_id_offset(p), 2);"),), "fragments"),
    Fault("a frame longer than its place is held", FRAGMENT,
          (("bytes = ((bytes - 1) & (HELD_FRAME_BYTES - 1)) + 1;", ""),
           ("if (!bytes || bytes > HELD_FRAME_BYTES)", "if (!bytes)")), "hold"),
    Fault("an IPv6 address is written where an IPv4 header fits", REWRITE,
          (("\tu8 *ip = packet_at(frame, offset, IPV6_BYTES);\n\tu32 *at;",
            "\tu8 *ip = packet_at(frame, offset, IPV4_BYTES);\n\tu32 *at;"),), "rewrite"),
    Fault("a segment size is read behind the last option", MSS,
          (("if (!walk.found || !size || ", "if (!walk.found || "),), "rewrite"),
    Fault("an answer's link header is written into any frame", ANSWER,
          (("\tif (!from || !to)\n\t\treturn false;\n", ""),), "answers"),
    Fault("a host's window is not brought into the table", ANSWER,
          (("siphash_finish(&s, sizeof(*host)) % ANSWER_PLACES", "siphash_finish(&s, "
            "sizeof(*host))"),), "answers"),
    Fault("words are summed beyond the end of the frame", SUM,
          (("\tif (!word)\n\t\treturn 1;\n", ""),), "errors"),
    Fault("a list may be longer than there is room for", CODEC,
          (("if (!json_is_array(c->node) || count > e->maximum)", "if (!json_is_array(c->node))"),),
          "codec"),
    Fault("more fields are noted than there is room for", CODEC,
          (("} else if (c->visited_count < CODEC_FIELDS) {", "} else {"),), "codec"),
    Fault("a path grows beyond its end", CODEC,
          (("c->path + place->path_length, sizeof(c->path) - place->path_length",
            "c->path + place->path_length, sizeof(c->path)"),), "codec"),
    Fault("a text without a slash is taken apart", PREFIX,
          (("if (!slash || (size_t)", "if ((size_t)"),), "snapshot"),
    Fault("a prefix's address is copied whatever its length", PREFIX,
          (("(size_t)(slash - text) >= sizeof(address) || ", ""),), "snapshot"),
)
