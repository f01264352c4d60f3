package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/text"
)

// subcommand checks the arguments of a command that only has subcommands.
func subcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if err := swappedCommand(c, args); err != nil {
		return err
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], c.CommandPath(), didYouMean(c, args))
}

// didYouMean names the commands whose names are near to what was typed.
func didYouMean(c *cobra.Command, args []string) string {
	if c == nil || len(args) == 0 {
		return ""
	}
	c.SuggestionsMinimumDistance = 2
	names := c.SuggestionsFor(args[0])
	if len(names) == 0 {
		return ""
	}
	for i := range names {
		names[i] = fmt.Sprintf("%q", names[i])
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// swappedCommand gives an error with the right order where the image was named before
// the command: icecore snapshot.qcow2 analyze. Else it gives nil.
func swappedCommand(c *cobra.Command, args []string) error {
	if c.HasParent() {
		return nil
	}
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		if found, _, err := c.Find(args[i : i+1]); err == nil && found != c {
			if i == 0 {
				return nil
			}
			return fmt.Errorf("the command comes first: %s", line(append([]string{c.Name(), arg}, without(args, i)...)))
		}
	}
	return nil
}

// swappedPath adds the right order to an error of opening an image, where the file
// within it was named before the image: icecore cat /etc/passwd disk.raw.
func swappedPath(command string, args []string, err error) error {
	if len(args) < 2 || !errors.Is(err, forensics.ErrNotImage) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if st, serr := os.Stat(args[1]); serr != nil || st.IsDir() {
		return err
	}
	return fmt.Errorf("%w (the image comes first: %s)", err, line(append(strings.Fields(command), args[1], args[0])))
}

func without(list []string, i int) []string {
	return append(append([]string{}, list[:i]...), list[i+1:]...)
}

// line writes a command line that can be pasted.
func line(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = text.Escape(a)
		if strings.ContainsFunc(a, func(r rune) bool { return !strings.ContainsRune(plain, r) }) || a == "" {
			out[i] = "'" + strings.ReplaceAll(out[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

// plain are the characters that a shell takes as they are.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-"
