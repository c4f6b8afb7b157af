package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// tool is what can be run beside the server, by `kubectl exec`: the image has no shell. It returns the exit code.
//
//	say WORDS    prints them
//	shout        answers what it reads in capitals, line by line
//	fail CODE    ends with it
//	get URL      prints what it answers, and fails unless that is a 200
//	refused URL  fails if there is an answer within a second
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
	case "get":
		if err := get(args[1], out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	case "refused":
		answer, err := (&http.Client{Timeout: time.Second}).Get(args[1])
		if err == nil {
			answer.Body.Close()
			return 1
		}
		fmt.Fprintln(out, "no answer")
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
	fmt.Fprintf(os.Stderr, "%s: say, shout, get or fail?\n", args[0])
	return 2
}

func get(url string, out io.Writer) error {
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(out, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}
