/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "cli/complete.h"
#include "cli/line.h"
#include "tests/env/unit.h"

/* A line that was parsed; the values of the call lie in its words. */
struct parsed {
	struct line_words words;
	enum status status;
	struct call call;
	struct text wrong;
};

static struct parsed parse(const char *line)
{
	struct parsed parsed = {0};

	assert_int_equal(line_split(line, strlen(line), &parsed.words), LINE_FINE);
	parsed.status = command_parse(parsed.words.words, parsed.words.count, &parsed.call,
				      &parsed.wrong);
	return parsed;
}

static void assert_command(const char *line, const char *title)
{
	struct parsed parsed = parse(line);
	struct text found = {0};

	assert_int_equal(parsed.status, STATUS_OK);
	command_title(parsed.call.command, &found);
	assert_string_equal(found.bytes, title);
	line_free(&parsed.words);
}

static void assert_wrong(const char *line, enum status status, const char *text)
{
	struct parsed parsed = parse(line);

	assert_string_equal(parsed.wrong.bytes, text);
	assert_int_equal(parsed.status, status);
	line_free(&parsed.words);
}

/* NULL: it is not given. */
static void assert_argument(const char *line, enum argument_id id, const char *expected)
{
	struct parsed parsed = parse(line);
	const char *value = parsed.call.arguments.values[id];

	assert_int_equal(parsed.status, STATUS_OK);
	assert_string_equal(value ? value : "(none)", expected ? expected : "(none)");
	line_free(&parsed.words);
}

static void words_may_be_shortened(void **state)
{
	(void)state;
	assert_command("show version", "show version");
	assert_command("sh v", "show version");
	assert_command("sh se n s su", "show security nat source summary");
	assert_command("cl se f s al", "clear security flow session");
	assert_command("req sy roll 3", "request system rollback");
}

static void unclear_words_name_what_is_possible(void **state)
{
	(void)state;
	assert_wrong("show s", STATUS_USAGE,
		     "'s' is ambiguous after 'show'; expected security or system");
	assert_wrong("e", STATUS_USAGE, "'e' is ambiguous; expected explain or exit");
	assert_wrong("shaw", STATUS_USAGE,
		     "unknown word 'shaw'; expected check, explain, show, clear, request, exit or quit");
	assert_wrong("sh sys datum", STATUS_USAGE,
		     "unknown word 'datum' after 'show system'; expected commit or dataplane");
	assert_wrong("show system", STATUS_USAGE,
		     "the command is not complete; expected commit or dataplane");
	assert_wrong("show version now", STATUS_USAGE,
		     "unknown word 'now' after 'show version'; expected nothing more");
	assert_wrong("show security flow session source", STATUS_USAGE,
		     "'source' is ambiguous after 'show security flow session'; expected "
		     "source-prefix or source-port");
}

static void arguments_come_in_any_order(void **state)
{
	(void)state;
	assert_argument("explain 10.0.0.1 --config f 10.0.0.2", ARGUMENT_DESTINATION, "10.0.0.2");
	assert_argument("explain --config=f 10.0.0.1 --prot tcp", ARGUMENT_PROTOCOL, "tcp");
	assert_argument("explain --config=f 10.0.0.1", ARGUMENT_CONFIG, "f");
	assert_argument("show security flow session prot 6 br", ARGUMENT_BRIEF, "br");
	assert_argument("show security flow session prot 6 br", ARGUMENT_PROTOCOL, "6");
	assert_argument("show security flow session prot 6", ARGUMENT_BRIEF, NULL);
}

/* A pool may be called like the beginning of a word. */
static void names_go_before_shortened_words(void **state)
{
	(void)state;
	assert_argument("show security nat source pool al", ARGUMENT_NAME, "al");
	assert_argument("show security nat source pool all", ARGUMENT_NAME, NULL);
	assert_argument("show security nat source pool all", ARGUMENT_ALL, "all");
	assert_argument("show security nat source pool web all", ARGUMENT_NAME, "web");
}

static void missing_arguments_are_named(void **state)
{
	(void)state;
	assert_wrong("check", STATUS_USAGE, "FILE is missing after 'check'");
	assert_wrong("explain 10.0.0.1", STATUS_USAGE, "--config FILE is missing after 'explain'");
	assert_wrong("explain 10.0.0.1 --config", STATUS_USAGE,
		     "--config needs a value; expected FILE");
	assert_wrong("show security flow session brief brief", STATUS_USAGE,
		     "brief is given twice");
}

static void bad_values_say_what_was_expected(void **state)
{
	(void)state;
	assert_wrong("show security flow session source-port 65536", STATUS_FAILED,
		     "source-port '65536'; expected a number from 0 to 65535");
	assert_wrong("show security flow session source-prefix 10.0.0.0/33", STATUS_FAILED,
		     "source-prefix '10.0.0.0/33'; expected a prefix length from 0 to 32");
	assert_wrong("explain --config f 10.0.0", STATUS_FAILED,
		     "SOURCE '10.0.0'; expected an IPv4 or IPv6 address, such as 198.51.100.16 or "
		     "2001:db8::1");
	assert_wrong("explain --config f 10.0.0.1 --protocol 256", STATUS_FAILED,
		     "--protocol '256'; expected tcp, udp, icmp, icmp6 or a number from 0 to 255");
	assert_wrong("request system rollback -1", STATUS_FAILED,
		     "NUMBER '-1'; expected a number of at most 9 digits");
}

static size_t word_count(const struct command *command)
{
	size_t count = 0;

	while (count < COMMAND_WORDS && command->words[count])
		count++;
	return count;
}

static void everything_has_a_help_text(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->run; c++) {
		assert_non_null(c->help);
		for (size_t depth = 1; depth < word_count(c); depth++)
			assert_non_null(command_group_help(c->words, depth));
		for (const struct argument *a = c->arguments; a->help; a++)
			assert_true(a->word || a->value);
	}
}

static bool shares(const struct command *a, const struct command *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!a->words[i] || !b->words[i] || strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

/* No command hides another, and those with a common beginning stand together. */
static void the_table_is_in_order(void **state)
{
	(void)state;
	for (const struct command *a = commands; a->run; a++) {
		for (const struct command *b = a + 1; b->run; b++) {
			size_t fewer = word_count(a) < word_count(b) ? word_count(a) : word_count(b);

			assert_false(shares(a, b, fewer));
			for (size_t depth = 1; depth < fewer; depth++)
				assert_true(!shares(a, b, depth) || shares(b - 1, b, depth));
		}
	}
}

/* What stands for a value is in capitals: completion tells them apart by that. */
static void words_and_values_are_told_apart(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->run; c++) {
		for (const struct argument *a = c->arguments; a->help; a++) {
			assert_true(!a->word ||
				    candidate_is_literal(&(struct candidate){a->word, a->help}));
			assert_true(!a->value ||
				    !candidate_is_literal(&(struct candidate){a->value, a->help}));
		}
	}
}

static void assert_candidates(const char *line, const char *expected)
{
	struct candidates candidates;
	struct text partial, found = {0};

	assert_true(complete_line(line, strlen(line), &partial, &candidates));
	for (size_t i = 0; i < candidates.count; i++) {
		assert_non_null(candidates.entries[i].help);
		text_add(&found, "%s%s", i ? " " : "", candidates.entries[i].word);
	}
	assert_string_equal(found.bytes, expected);
}

static void completion_offers_what_may_follow(void **state)
{
	(void)state;
	assert_candidates("", "check explain show clear request exit quit");
	assert_candidates("e", "explain exit");
	assert_candidates("show ", "configuration security system version");
	assert_candidates("sh sy ", "commit dataplane");
	assert_candidates("sh sy c", "commit");
	assert_candidates("show security nat source pool ", "NAME all");
	assert_candidates("show security nat source pool web ", "all");
	assert_candidates("clear security flow session protocol ", "PROTOCOL");
	assert_candidates("clear security flow session protocol 6 s",
			  "source-prefix source-port session-identifier");
	assert_candidates("nonsense ", "");
	assert_candidates("show version | ", "count display match no-more");
	assert_candidates("show version | d", "display");
	assert_candidates("show version | display ", "json set");
	assert_candidates("show version | match ", "EXPRESSION");
	assert_candidates("show version | count ", "|");
}

static size_t common(const char *line)
{
	struct candidates candidates;
	struct text partial;

	assert_true(complete_line(line, strlen(line), &partial, &candidates));
	return complete_common_length(&candidates);
}

static void completion_goes_as_far_as_all_agree(void **state)
{
	(void)state;
	assert_int_equal(common("sho"), strlen("show"));
	assert_int_equal(common("e"), strlen("ex"));
	assert_int_equal(common("clear security flow session so"), strlen("source-p"));
	assert_int_equal(common("show security nat source pool "), 0);
	assert_int_equal(common("nonsense "), 0);
}

static void assert_split(const char *line, enum line_fault fault, const char *expected)
{
	struct line_words words;
	struct text found = {0};

	assert_int_equal(line_split(line, strlen(line), &words), fault);
	for (size_t i = 0; i < words.count; i++)
		text_add(&found, "[%s]", words.words[i]);
	assert_string_equal(found.bytes, expected);
	line_free(&words);
}

static void lines_are_split_into_words(void **state)
{
	(void)state;
	assert_split("", LINE_FINE, "");
	assert_split("  show\tversion \n", LINE_FINE, "[show][version]");
	assert_split("show|match a", LINE_FINE, "[show][|][match][a]");
	assert_split("match \"a | \\\"b\\\\\" c", LINE_FINE, "[match][a | \"b\\][c]");
	assert_split("match x\"y z\"w", LINE_FINE, "[match][xy zw]");
	assert_split("match \"\"", LINE_FINE, "[match][]");
	assert_split("show ?", LINE_FINE, "[show][?]");
	assert_split("show ver?", LINE_FINE, "[show][ver][?]");
	assert_split("match a?b", LINE_FINE, "[match][a?b]");
	assert_split("# show version", LINE_FINE, "");
	assert_split("show \"version", LINE_OPEN_QUOTE, "[show][version]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_may_be_shortened),
		cmocka_unit_test(unclear_words_name_what_is_possible),
		cmocka_unit_test(arguments_come_in_any_order),
		cmocka_unit_test(names_go_before_shortened_words),
		cmocka_unit_test(missing_arguments_are_named),
		cmocka_unit_test(bad_values_say_what_was_expected),
		cmocka_unit_test(everything_has_a_help_text),
		cmocka_unit_test(the_table_is_in_order),
		cmocka_unit_test(words_and_values_are_told_apart),
		cmocka_unit_test(completion_offers_what_may_follow),
		cmocka_unit_test(completion_goes_as_far_as_all_agree),
		cmocka_unit_test(lines_are_split_into_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
