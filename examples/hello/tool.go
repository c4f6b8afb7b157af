package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// tool is what can be run beside the server, by `kubectl exec`: the image has no shell. It returns the exit code.
//
//	say WORDS    prints them
//	shout        answers what it reads in capitals, line by line
//	fail CODE    ends with it
func tool(args []string, in io.Reader, out io.Writer) int {
	switch args[0] {
	case "say":
		fmt.Fprintln(out, strings.Join(args[1:], " "))
		return 0
	case "shout":
		for lines := bufio.NewScanner(in); lines.Scan(); {
			fmt.Fprintln(out, strings.ToUpper(lines.Text()))
		}
		return 0
	case "fail":
		code := 1
		if len(args) == 2 {
			if n, err := strconv.Atoi(args[1]); err == nil {
				code = n
			}
		}
		fmt.Fprintln(os.Stderr, "failing, as asked")
		return code
	}
	fmt.Fprintf(os.Stderr, "%s: say, shout or fail?\n", args[0])
	return 2
}
