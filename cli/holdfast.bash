# SPDX-License-Identifier: Apache-2.0
# Completion for bash: holdfast itself knows what may follow. Where a file may, bash does.
_holdfast()
{
	mapfile -t COMPREPLY < <(holdfast --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _holdfast holdfast
