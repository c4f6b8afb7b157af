package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// profileCmd shows and sets the profile that commands mean which name none, and lists all.
func profileCmd() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "profile [NAME]", Short: "Show or set the cluster that commands mean when they name none, or list all",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: CompleteProfiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return setActiveProfile(cmd.OutOrStdout(), args[0], home)
			}
			dir, err := client.ProfileHome(home)
			if err == nil {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), client.ActiveProfile(dir))
			}
			return err
		},
	}
	homeFlag(cmd, &home)
	cmd.AddCommand(profileListCommand())
	return cmd
}

func setActiveProfile(out io.Writer, name, home string) error {
	p, err := NewProfile(name, home)
	if err != nil {
		return err
	}
	if !p.exists() && name != client.DefaultProfile {
		return fmt.Errorf("profile %q not found: `kubelite start --profile %s` makes it", name, name)
	}
	if err := os.MkdirAll(p.Home, 0o700); err != nil {
		return err
	}
	if err := client.SetActiveProfile(p.Home, name); err != nil {
		return err
	}
	// kubectl follows, if it knows the cluster: --no-merge means that it shall not.
	file, err := userKubeconfig()
	if err != nil {
		return err
	}
	err = editKubeconfig(p, file, func(user map[string]any) (bool, error) {
		contexts, _ := user["contexts"].([]any)
		if len(without(contexts, contextName(p))) == len(contexts) || user["current-context"] == contextName(p) {
			return false, nil
		}
		user["current-context"] = contextName(p)
		return true, nil
	})
	if err == nil {
		_, err = fmt.Fprintf(out, "kubelite profile was successfully set to %s\n", name)
	}
	return err
}

// profileSummary is a profile in a list.
type profileSummary struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // Running, Paused or Stopped
	Runtime string `json:"runtime"`
	Version string `json:"version"`
	Server  string `json:"server"`
	Nodes   int    `json:"nodes"`
	Active  bool   `json:"active"`
}

func profileListCommand() *cobra.Command {
	var home, format string
	cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List the clusters of this machine", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		dir, err := client.ProfileHome(home)
		if err != nil {
			return err
		}
		valid, invalid := []profileSummary{}, []string{}
		for _, name := range profilesIn(dir) {
			if summary, err := summarise(Profile{Name: name, Home: dir}); err == nil {
				valid = append(valid, summary)
			} else {
				invalid = append(invalid, name)
			}
		}
		switch format {
		case "json":
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(map[string]any{"valid": valid, "invalid": invalid})
		case "", "table":
			return printProfiles(cmd.OutOrStdout(), valid, invalid)
		}
		return fmt.Errorf("-o %s: must be table or json", format)
	}}
	homeFlag(cmd, &home)
	cmd.Flags().StringVarP(&format, "output", "o", "table", "table or json")
	return cmd
}

// summarise looks at the files and processes of a profile; it asks no API server, which might not answer.
func summarise(p Profile) (profileSummary, error) {
	config, err := loadConfig(p)
	if err != nil {
		return profileSummary{}, err
	}
	status := "Stopped"
	if p.isPaused() {
		status = "Paused"
	} else if supervisorPID(p) != 0 {
		status = "Running"
	}
	return profileSummary{
		Name: p.Name, Status: status, Runtime: config.Runtime, Version: config.Version, Server: config.Server(),
		Nodes: len(nodeNames(config)), Active: client.ActiveProfile(p.Home) == p.Name,
	}, nil
}

func printProfiles(out io.Writer, valid []profileSummary, invalid []string) error {
	if len(valid)+len(invalid) == 0 {
		return fmt.Errorf("no cluster was found: `kubelite start` makes one")
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "PROFILE\tRUNTIME\tSERVER\tVERSION\tSTATUS\tNODES\tACTIVE")
	for _, s := range valid {
		active := ""
		if s.Active {
			active = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.Name, s.Runtime, s.Server, s.Version, s.Status, s.Nodes, active)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, name := range invalid {
		fmt.Fprintf(out, " ! %s cannot be read: `kubelite delete --profile %s`, or remove its directory\n", filepath.Base(name), name)
	}
	return nil
}

func homeFlag(cmd *cobra.Command, home *string) {
	cmd.Flags().StringVar(home, "home", "", "directory that holds all profiles (default $KUBELITE_HOME, else ~/.kubelite)")
}
