package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tool is what can be run beside the server, by `kubectl exec`: the image has no shell. It returns the exit code.
//
//	say WORDS    prints them
//	shout        answers what it reads in capitals, line by line
//	fail CODE    ends with it
//	once F CODE  makes a file and ends with the code; if the file is there, stays until it is told to end
//	get URL [AT]  prints what it answers, and fails unless that is a 200; AT is where to connect to instead of the URL's host
//	refused URL  fails if there is an answer within a second
//	show FILES   prints what is in files, and the names of what is in directories
//	follow FILE  prints a file whenever its content changes
//	write F WORDS  writes a file
//	who          prints the user, the group and the other groups that it runs as
//	hoard MB     keeps so much memory, until it is told to end
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
		at := ""
		if len(args) > 2 {
			at = args[2]
		}
		if err := get(args[1], at, out); err != nil {
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
		fmt.Fprintln(os.Stderr, "failing, as asked")
		return exitCode(args[1:])
	case "once":
		f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) {
			untilTold()
			return 0
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		f.Close()
		return exitCode(args[2:])
	case "show":
		for _, path := range args[1:] {
			if err := show(out, path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return 0
	case "follow":
		for last := ""; ; time.Sleep(time.Second / 4) {
			if content, err := os.ReadFile(args[1]); err == nil && string(content) != last {
				last = string(content)
				fmt.Fprintln(out, strings.TrimSpace(last))
			}
		}
	case "write":
		if err := os.WriteFile(args[1], []byte(strings.Join(args[2:], " ")+"\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	case "who":
		groups, err := os.Getgroups()
		fmt.Fprintln(out, "user", os.Getuid(), "group", os.Getgid(), "groups", groups)
		if err != nil {
			return 1
		}
		return 0
	case "hoard":
		megabytes, _ := strconv.Atoi(args[1])
		hoard := bytes.Repeat([]byte("gold"), megabytes<<20/4)
		fmt.Fprintln(out, "hoarding", len(hoard)>>20, "MB")
		untilTold()
		return int(hoard[0]) - 'g' // it is kept until here
	}
	fmt.Fprintf(os.Stderr, "%s: say, shout, fail, once, get, refused, show, follow, write, who or hoard?\n", args[0])
	return 2
}

// exitCode is what the arguments ask for, or 1.
func exitCode(args []string) int {
	if len(args) == 1 {
		if code, err := strconv.Atoi(args[0]); err == nil {
			return code
		}
	}
	return 1
}

// untilTold waits to be told to end.
func untilTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
}

// get asks at an address for what is at a URL, as curl --resolve does. It trusts every certificate, and says whose it is.
func get(url, at string, out io.Writer) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if at != "" {
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(at, port))
		}
	}
	asker := &http.Client{Timeout: 5 * time.Second, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := asker.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.TLS != nil {
		fmt.Fprintln(out, "certificate of", answer.TLS.PeerCertificates[0].Subject.CommonName)
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return err
	}
	if to := answer.Header.Get("Location"); to != "" {
		return errors.New(answer.Status + ": " + to)
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// show prints a file, or the names in a directory.
func show(out io.Writer, path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, strings.TrimSpace(string(content)))
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") {
			fmt.Fprintln(out, e.Name())
		}
	}
	return nil
}
