package simulated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"kubelite/client"
)

// The one program that is really run in a simulated pod is the shell: an interpreter inside the kubelet, whose commands are
// the few below, and whose files are the pod's own (files.go). So `sh -c 'echo done; exit 3'` does what it says, without a
// process, a file or a socket of the machine.

// shell is what a script sees around it.
type shell struct {
	hostname string
	env      []string
	files    *files
	in       io.Reader
	out, err io.Writer
	// unknown stands in for a program that cannot be pretended, and returns its exit code.
	unknown func(ctx context.Context, name string, stderr io.Writer) int
}

// pace is what every command takes. A script that turns in a circle would otherwise take a processor for itself.
const pace = time.Millisecond

// shells are the names that `-c` may come after.
var shells = []string{"sh", "bash", "ash", "dash"}

// scriptOf returns the script that a command line asks a shell to run, or the command line itself as a script, if all in
// it can be pretended.
func scriptOf(command []string) (script string, ok bool) {
	if len(command) == 0 {
		return "", false
	}
	name := path.Base(command[0])
	if slices.Contains(shells, name) && len(command) >= 3 && strings.HasPrefix(command[1], "-") && strings.HasSuffix(command[1], "c") {
		return command[2], true
	}
	if !pretends(name) {
		return "", false
	}
	words := []string{name}
	for _, argument := range command[1:] {
		quoted, err := syntax.Quote(argument, syntax.LangBash)
		if err != nil {
			return "", false
		}
		words = append(words, quoted)
	}
	return strings.Join(words, " "), true
}

// pretends tells whether a program of that name can be pretended.
func pretends(name string) bool {
	return programs[name] != nil || slices.Contains([]string{"echo", "printf", "true", "false", "exit", "test", "["}, name)
}

// run runs a script and returns its exit code. An error means that ctx ended.
func (s *shell) run(ctx context.Context, script string) (int, error) {
	parsed, err := syntax.NewParser().Parse(strings.NewReader(script), "sh")
	if err == nil {
		err = refuse(parsed)
	}
	if err != nil {
		_, err = fmt.Fprintln(s.err, err)
		return 2, err
	}
	runner, err := interp.New(
		interp.StdIO(s.in, s.out, s.err), interp.Dir("/"), interp.Env(expand.ListEnviron(append([]string{"HOME=/", "PATH=/bin", "HOSTNAME=" + s.hostname}, s.env...)...)),
		interp.OpenHandler(s.open), interp.StatHandler(s.files.stat), interp.ReadDirHandler2(s.files.readDir),
		interp.AccessHandler(func(ctx context.Context, name string, _ interp.AccessMode) error {
			_, err := s.files.stat(ctx, name, true)
			return err
		}),
		interp.CallHandler(func(ctx context.Context, args []string) ([]string, error) {
			client.Wait(ctx, pace)
			return args, ctx.Err()
		}),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }), // never the machine's programs
	)
	if err != nil {
		return 0, fmt.Errorf("run a script: %w", err)
	}
	err = runner.Run(ctx, parsed)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if status, ok := errors.AsType[interp.ExitStatus](err); ok {
		return int(status), nil
	}
	return 0, err
}

// refuse finds what the interpreter could only do with files of the machine.
func refuse(script *syntax.File) (err error) {
	syntax.Walk(script, func(node syntax.Node) bool {
		if p, ok := node.(*syntax.ProcSubst); ok {
			err = fmt.Errorf("sh: %s: a simulated pod has no <( )", p.Pos())
		}
		return err == nil
	})
	return err
}

func (s *shell) open(ctx context.Context, name string, flag int, mode fs.FileMode) (io.ReadWriteCloser, error) {
	return s.files.open(ctx, absolute(ctx, name), flag, mode)
}

func absolute(ctx context.Context, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(interp.HandlerCtx(ctx).Dir, name)
}

// exec runs one of the programs, for whatever the shell does not do itself.
func (s *shell) exec(ctx context.Context, args []string) error {
	io := interp.HandlerCtx(ctx)
	name := path.Base(args[0])
	code := 0
	var err error
	switch {
	case programs[name] != nil:
		code, err = programs[name](ctx, s, args[1:])
	case slices.Contains(shells, name) && len(args) >= 3 && args[1] == "-c":
		inner := *s
		inner.in, inner.out, inner.err = io.Stdin, io.Stdout, io.Stderr
		code, err = inner.run(ctx, args[2])
	default:
		code = s.unknown(ctx, args[0], io.Stderr)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		fmt.Fprintf(io.Stderr, "%s: %v\n", name, err)
		return interp.ExitStatus(1)
	case code != 0:
		return interp.ExitStatus(code)
	}
	return nil
}

// notThere is the shell's answer to a program that it cannot find.
func notThere(_ context.Context, name string, stderr io.Writer) int {
	fmt.Fprintf(stderr, "%s: nothing runs in a simulated pod, so it has no programs; what it can pretend: %s\n", name, strings.Join(pretended(), ", "))
	return 127
}

func pretended() []string {
	names := []string{"echo", "printf", "true", "false", "exit", "test"}
	for name := range programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// programs are those that can be pretended beside what the shell does itself.
var programs = map[string]func(ctx context.Context, s *shell, args []string) (int, error){
	"sleep": func(ctx context.Context, _ *shell, args []string) (int, error) {
		if len(args) > 0 && args[0] == "infinity" {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		d, err := parseSeconds(strings.Join(args, " "))
		if err != nil {
			return 0, fmt.Errorf("invalid time %q", strings.Join(args, " "))
		}
		client.Wait(ctx, d)
		return 0, ctx.Err()
	},
	"hostname": func(ctx context.Context, s *shell, _ []string) (int, error) {
		_, err := fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, s.hostname)
		return 0, err
	},
	"date": func(ctx context.Context, _ *shell, _ []string) (int, error) {
		_, err := fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, time.Now().UTC().Format("Mon Jan _2 15:04:05 UTC 2006"))
		return 0, err
	},
	"env": func(ctx context.Context, _ *shell, _ []string) (int, error) {
		h := interp.HandlerCtx(ctx)
		h.Env.Each(func(name string, v expand.Variable) bool {
			if v.Exported {
				fmt.Fprintf(h.Stdout, "%s=%s\n", name, v.String())
			}
			return true
		})
		return 0, nil
	},
	"cat": func(ctx context.Context, s *shell, args []string) (int, error) {
		h := interp.HandlerCtx(ctx)
		if len(args) == 0 {
			if h.Stdin == nil {
				return 0, nil
			}
			_, err := io.Copy(h.Stdout, h.Stdin)
			return 0, err
		}
		for _, name := range args {
			content, err := s.files.read(absolute(ctx, name))
			if err != nil {
				return 0, fmt.Errorf("%s: No such file or directory", name)
			}
			if _, err := h.Stdout.Write(content); err != nil {
				return 0, err
			}
		}
		return 0, nil
	},
	"touch": func(ctx context.Context, s *shell, args []string) (int, error) {
		for _, name := range args {
			if err := s.files.write(absolute(ctx, name), nil, true); err != nil {
				return 0, err
			}
		}
		return 0, nil
	},
	"rm": func(ctx context.Context, s *shell, args []string) (int, error) {
		force := false
		for _, name := range args {
			if strings.HasPrefix(name, "-") {
				force = strings.Contains(name, "f")
			} else if err := s.files.remove(absolute(ctx, name)); err != nil && !force {
				return 0, fmt.Errorf("can't remove '%s': No such file or directory", name)
			}
		}
		return 0, nil
	},
	"mkdir": func(context.Context, *shell, []string) (int, error) { return 0, nil }, // a directory is there when a file is in it
	"seq": func(ctx context.Context, _ *shell, args []string) (int, error) {
		from, to := 1, 0
		var err error
		if len(args) > 1 {
			from, err = strconv.Atoi(args[0])
		}
		if len(args) > 0 && err == nil {
			to, err = strconv.Atoi(args[len(args)-1])
		}
		for i := from; i <= to && err == nil; i++ {
			if err = ctx.Err(); err == nil {
				_, err = fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, i)
			}
		}
		return 0, err
	},
	"expr": func(ctx context.Context, _ *shell, args []string) (int, error) {
		if len(args) != 3 {
			return 2, errors.New("syntax error")
		}
		a, err1 := strconv.Atoi(args[0])
		b, err2 := strconv.Atoi(args[2])
		if err := errors.Join(err1, err2); err != nil {
			return 2, errors.New("non-integer argument")
		}
		n := 0
		switch args[1] {
		case "+":
			n = a + b
		case "-":
			n = a - b
		case "*":
			n = a * b
		case "/", "%":
			if b == 0 {
				return 2, errors.New("division by zero")
			}
			n = a / b
			if args[1] == "%" {
				n = a % b
			}
		default:
			return 2, errors.New("syntax error")
		}
		if _, err := fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, n); err != nil || n != 0 {
			return 0, err
		}
		return 1, nil // as the real one: a result of nothing is a failure
	},
}
