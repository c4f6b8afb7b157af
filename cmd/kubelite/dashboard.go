package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/cluster"
	"kubelite/dashboard"
)

// dashboardOptions are the flags of dashboard. Which cluster, and as whom, is said as to kubectl-lite.
type dashboardOptions struct {
	kubeconfig, context, profile, home string
	port                               int
	url                                bool
}

func dashboardCommand() *cobra.Command {
	var o dashboardOptions
	cmd := &cobra.Command{
		Use: "dashboard", Short: "Show the cluster in a browser while it works, and why it does what it does", Args: cobra.NoArgs,
		Long: `Serve the dashboard to this machine, and open it in the browser, until interrupted. It acts as you: it shows what you may see. The link
works once; whoever needs another one runs the command again.`,
		Example: "  kubelite dashboard\n  # On a machine without a browser: print the link, and reach it through a tunnel\n  kubelite dashboard --url --port 8001",
		RunE:    func(cmd *cobra.Command, _ []string) error { return showDashboard(cmd.Context(), &o, cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig to use (default the active profile's, unless $KUBECONFIG or --context is given)")
	f.StringVar(&o.context, "context", "", "the context of the kubeconfig to use (default the current one)")
	f.StringVar(&o.profile, "profile", "", "name of the cluster (default the active one, see kubelite profile)")
	f.StringVar(&o.home, "home", "", "directory of the clusters (default $KUBELITE_HOME, else ~/.kubelite)")
	f.IntVar(&o.port, "port", 0, "port of this machine to serve at (default a free one)")
	f.BoolVar(&o.url, "url", false, "print the link instead of opening it")
	_ = cmd.RegisterFlagCompletionFunc("profile", cluster.CompleteProfiles) // it fails only for a flag that does not exist
	return cmd
}

func showDashboard(ctx context.Context, o *dashboardOptions, out io.Writer) error {
	path, err := client.ChosenKubeconfig(o.kubeconfig, o.profile, o.home, o.context != "")
	if err != nil {
		return err
	}
	cfg, err := client.LoadKubeconfig(path, o.context)
	if errors.Is(err, client.ErrNoKubeconfig) {
		return errors.New(`no cluster is configured: start one with "kubelite start", or name a kubeconfig with --kubeconfig`)
	}
	if err != nil {
		return err
	}
	cfg.Agent, cfg.FailFast = "dashboard", true
	c, err := client.New(cfg)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
	if err != nil {
		return err
	}
	server, err := dashboard.New(dashboard.Config{Client: c, Context: cfg.Context, Namespace: cfg.Namespace}, l.Addr())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	link := server.Link()
	switch {
	case o.url:
		fmt.Fprintln(out, link)
	case openBrowser(link) != nil:
		fmt.Fprintf(out, "No browser could be started. Open this link, which works once:\n%s\n", link)
	default:
		fmt.Fprintf(out, "The dashboard of %s is in your browser, and ends with this command. If no browser has come up, open this link, which works once:\n%s\n", cfg.Context, link)
	}
	return server.Serve(ctx, l)
}

// openBrowser hands a link to whatever the system opens links with. For a moment it is among the arguments of a program, which other
// users of the machine can see. One who is faster than the browser gets in; the person is then told that the link has been used.
func openBrowser(link string) error {
	opener := []string{"xdg-open", link}
	switch runtime.GOOS {
	case "darwin":
		opener = []string{"open", link}
	case "windows":
		opener = []string{"rundll32", "url.dll,FileProtocolHandler", link}
	}
	cmd := exec.Command(opener[0], opener[1:]...) // it outlives us: the browser may be its child
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // what it comes to, the person sees
	return nil
}
