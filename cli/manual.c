/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the manual page holdfast(1), made from the table of commands, to standard output. Run when
 * the project is built; not installed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "config/roff.h"

static void put_tag(const char *tag, const char *text)
{
	printf(".TP\n.B ");
	roff_line(tag);
	roff_text(text);
	puts(".");
}

/* "[source-prefix PREFIX]", "FILE" */
static void add_argument(const struct argument *argument, struct text *text)
{
	text_add(text, argument->required ? " " : " [");
	if (argument->word)
		text_add(text, "%s", argument->word);
	if (argument->word && argument->value)
		text_add(text, " ");
	if (argument->value)
		text_add(text, "%s", argument->value);
	text_add(text, argument->required ? "" : "]");
}

static void put_command(const struct command *command)
{
	struct text title = {0};

	command_title(command, &title);
	for (const struct argument *a = command->arguments; a->help; a++)
		add_argument(a, &title);
	put_tag(title.bytes, command->help);
	if (!command->arguments->help)
		return;
	puts(".RS");
	for (const struct argument *a = command->arguments; a->help; a++) {
		struct text argument = {0};

		add_argument(&(struct argument){.word = a->word, .value = a->value, .required = true},
			     &argument);
		put_tag(argument.bytes + 1, a->help);
	}
	puts(".RE");
}

static void put_options(void)
{
	roff_section("OPTIONS");
	put_tag("--run-dir DIR", "Where the daemon's socket api.sock is: /run/holdfast by default, and "
				 "/run/holdfast/NAME for an instance of another name");
	put_tag("--json", "Print one JSON document instead of text; it may stand behind the command "
			  "as well");
	put_tag("--version", "Print the version");
	put_tag("--help", "Print a list of the commands");
}

static void put_filters(void)
{
	roff_section("FILTERS");
	roff_paragraph("Behind a command may stand | and one of these, quoted where a shell would "
		       "take the bar for its own:");
	put_tag("| count", "Print the number of lines");
	put_tag("| display json", "Print one JSON document, like --json");
	put_tag("| display set", "Print show configuration as set lines");
	put_tag("| match EXPRESSION", "Print the lines in which a regular expression (extended, upper "
				      "and lower case the same) is found");
	put_tag("| no-more", "Do not stop between pages; there are none");
}

static void put_description(void)
{
	roff_section("DESCRIPTION");
	roff_paragraph("holdfast shows and changes what the gateway does, in the words of Junos. "
		       "Words may be shortened while they are unambiguous. check and explain need "
		       "neither a daemon nor privileges; all other commands ask holdfastd.");
	roff_paragraph("Without a command, on a terminal, it is a shell with history: the tab key "
		       "completes a word, a question mark shows what may follow, exit leaves. "
		       "Otherwise it reads commands from standard input, one a line; # begins a "
		       "line that is passed over, and quotes hold words together.");
	roff_paragraph("explain takes the steps of the dataplane itself, up to the choice of the "
		       "address. What is not said (destination, protocol, ports) may be anything: a "
		       "rule that asks for it is passed over and named, because it decides for the "
		       "packets that it matches. Zones that are not said are those that fit, if "
		       "they lead to one rule-set. The address of the action interface is looked up "
		       "on the machine where explain runs.");
}

static void put_page(void)
{
	printf(".TH HOLDFAST 1 \"\" \"Holdfast %s\" \"Holdfast\"\n", HOLDFAST_VERSION);
	puts(".nh\n.ad l"); /* words that must be typed are not to be divided */
	roff_section("NAME");
	puts("holdfast \\- command line of the Holdfast source NAT gateway");
	roff_section("SYNOPSIS");
	puts(".B holdfast\n.RB [ \\-\\-run\\-dir\n.IR DIR ]\n.RB [ \\-\\-json ]\n.RI [ COMMAND ]");
	put_description();
	put_options();
	roff_section("COMMANDS");
	for (const struct command *command = commands; command->run; command++)
		put_command(command);
	put_filters();
	roff_section("EXIT STATUS");
	put_tag("0", "Done");
	put_tag("1", "Something is wrong with a value or a configuration, or could not be done");
	put_tag("2", "The words are no command");
	roff_section("SEE ALSO");
	puts(".BR holdfast.conf (5),\n.BR holdfastd (8)");
}

int main(void)
{
	put_page();
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
