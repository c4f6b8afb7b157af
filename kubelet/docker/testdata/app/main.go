// Command app is what the tests of the Docker runtime run in containers: a program of many parts that needs nothing
// of its image. It is the pause process, too.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"kubelite/kubelet/streaming"
)

type stdio struct {
	io.Reader
	io.Writer
}

func main() {
	command := append(os.Args[1:], "serve", "")
	switch command[0] {
	case "sandbox", "pause":
		<-listen(syscall.SIGTERM)
	case "serve": // until it is told to end
		go func() {
			handler := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }
			fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", http.HandlerFunc(handler)))
		}()
		signals := listen(syscall.SIGTERM)
		fmt.Println("serving")
		<-signals
		fmt.Println("told to end")
	case "exit": // with a code, and a last word
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		_ = os.WriteFile("/dev/termination-log", []byte("because"), 0o644) // only there if the kubelet mounted it
		code, _ := strconv.Atoi(command[1])
		os.Exit(code)
	case "cat":
		for _, file := range os.Args[2:] {
			b, err := os.ReadFile(file)
			if err != nil {
				fmt.Println(err)
				continue
			}
			fmt.Printf("%s", b)
		}
	case "write":
		if err := os.WriteFile(command[1], []byte(command[2]), 0o644); err != nil {
			fmt.Println(err)
		}
	case "env":
		for _, name := range os.Args[2:] {
			fmt.Printf("%s=%s\n", name, os.Getenv(name))
		}
	case "id":
		fmt.Println(os.Getuid(), os.Getgid())
	case "dial": // connects its standard streams with a port of the pod
		conn, err := net.Dial("tcp", "localhost:"+command[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "connected")
		_ = streaming.Join(context.Background(), conn, stdio{os.Stdin, os.Stdout}) // ends when both sides have
	case "echo": // line by line, until there is no more
		fmt.Fprintln(os.Stderr, "ready")
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println("you said", lines.Text())
		}
		fmt.Println("bye")
	case "local": // serves only its own pod
		fmt.Fprintln(os.Stderr, http.ListenAndServe("localhost:8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "psst") })))
	case "stubborn": // has to be killed
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ignoring")
		time.Sleep(time.Hour)
	}
}

func listen(s os.Signal) <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, s)
	return signals
}
