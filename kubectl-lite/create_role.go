package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

var (
	resourceVerbs    = []string{"*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection", "use", "bind", "escalate", "impersonate"}
	nonResourceVerbs = []string{"*", "get", "post", "put", "delete", "patch", "head", "options"}

	// onlyOn are the verbs that mean something for some resources alone.
	onlyOn = map[string][]string{
		"use":         {"podsecuritypolicies.policy", "podsecuritypolicies.extensions"},
		"bind":        {"roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"},
		"escalate":    {"roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"},
		"impersonate": {"users", "serviceaccounts", "groups", "userextras.authentication.k8s.io"},
	}
)

// roleFlags say what a role allows.
type roleFlags struct {
	verbs, resources, names, urls []string
	aggregate                     map[string]string
}

func (r *roleFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&r.verbs, "verb", nil, "Verb that applies to the resources contained in the rule")
	cmd.Flags().StringSliceVar(&r.resources, "resource", nil, "Resource that the rule applies to")
	cmd.Flags().StringArrayVar(&r.names, "resource-name", nil, "Resource in the white list that the rule applies to, repeat this flag for multiple items")
}

func newCreateRole(s *session) *cobra.Command {
	var o createOptions
	var r roleFlags
	cmd := &cobra.Command{
		Use:   "role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]",
		Short: "Create a role with single rule", Args: exactlyOneName,
		Example: "  kubectl-lite create role pod-reader --verb=get,list,watch --resource=pods,pods/status",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(r.verbs) == 0 {
				return errors.New("at least one verb must be specified")
			}
			if len(r.resources) == 0 {
				return errors.New("at least one resource must be specified")
			}
			rules, err := s.rulesOf(cmd.Context(), &r)
			if err != nil {
				return err
			}
			return s.createTyped(cmd.Context(), &o, &api.Role{ObjectMeta: api.ObjectMeta{Name: args[0]}, Rules: rules})
		},
	}
	o.add(cmd)
	r.add(cmd)
	return cmd
}

func newCreateClusterRole(s *session) *cobra.Command {
	var o createOptions
	var r roleFlags
	cmd := &cobra.Command{
		Use:   "clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]",
		Short: "Create a cluster role", Args: exactlyOneName,
		Example: `  kubectl-lite create clusterrole node-reader --verb=get,list --resource=nodes
  kubectl-lite create clusterrole health --verb=get --non-resource-url=/healthz`,
		RunE: func(cmd *cobra.Command, args []string) error {
			role := &api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: args[0]}}
			if len(r.aggregate) > 0 {
				if len(r.urls)+len(r.verbs)+len(r.resources)+len(r.names) > 0 {
					return errors.New("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames")
				}
				role.AggregationRule = &api.AggregationRule{ClusterRoleSelectors: []api.LabelSelector{{MatchLabels: r.aggregate}}}
				return s.createTyped(cmd.Context(), &o, role)
			}
			if len(r.verbs) == 0 {
				return errors.New("at least one verb must be specified")
			}
			if len(r.resources) == 0 && len(r.urls) == 0 {
				return errors.New("one of resource or nonResourceURL must be specified")
			}
			rules, err := s.rulesOf(cmd.Context(), &r)
			if err != nil {
				return err
			}
			role.Rules = rules
			return s.createTyped(cmd.Context(), &o, role)
		},
	}
	o.add(cmd)
	r.add(cmd)
	cmd.Flags().StringSliceVar(&r.urls, "non-resource-url", nil, "A partial url that user should have access to.")
	cmd.Flags().StringToStringVar(&r.aggregate, "aggregation-rule", nil, "An aggregation label selector for combining ClusterRoles.")
	return cmd
}

// rulesOf makes a rule for each API group that the resources are of, and one for paths that are no resources.
func (s *session) rulesOf(ctx context.Context, r *roleFlags) ([]api.PolicyRule, error) {
	verbs := unique(r.verbs)
	if slices.Contains(verbs, "*") {
		verbs = []string{"*"}
	}
	byGroup := map[string][]string{}
	if len(r.resources) > 0 {
		for _, verb := range verbs {
			if !slices.Contains(resourceVerbs, verb) {
				fmt.Fprintf(s.Err, "Warning: '%s' is not a standard resource verb\n", verb)
			}
		}
	}
	for _, word := range r.resources {
		if word == "*" {
			byGroup = map[string][]string{"": {"*"}}
			break
		}
		group, name, err := s.ruleResource(ctx, word, verbs)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(byGroup[group], name) {
			byGroup[group] = append(byGroup[group], name)
		}
	}
	var rules []api.PolicyRule
	for _, group := range sortedKeys(byGroup) {
		rules = append(rules, api.PolicyRule{Verbs: verbs, Resources: byGroup[group], APIGroups: []string{group}, ResourceNames: unique(r.names)})
	}
	if len(r.urls) > 0 {
		if err := checkURLs(r.urls, verbs); err != nil {
			return nil, err
		}
		rules = append(rules, api.PolicyRule{Verbs: verbs, NonResourceURLs: unique(r.urls)})
	}
	return rules, nil
}

// ruleResource finds the group and the name of "resource.group/subresource".
func (s *session) ruleResource(ctx context.Context, word string, verbs []string) (group, name string, err error) {
	word, sub, hasSub := strings.Cut(word, "/")
	name, group, _ = strings.Cut(word, ".")
	if name == "" {
		return "", "", errors.New("resource must be specified if apiGroup/subresource specified")
	}
	if name != "*" {
		r, lookup := s.resource(ctx, word)
		if lookup == nil {
			name, group = r.Plural, r.Group
		}
		for _, verb := range verbs {
			full := strings.TrimSuffix(name+"."+group, ".")
			if allowed, special := onlyOn[verb]; special {
				if !slices.Contains(allowed, full) {
					return "", "", fmt.Errorf("can not perform '%s' on '%s' in group '%s'", verb, name, group)
				}
				lookup = nil
			}
		}
		if lookup != nil {
			return "", "", plainError{lookup}
		}
	}
	if hasSub {
		name += "/" + sub
	}
	return group, name, nil
}

func checkURLs(urls, verbs []string) error {
	for _, verb := range verbs {
		if !slices.Contains(nonResourceVerbs, verb) {
			return fmt.Errorf("invalid verb: '%s' for nonResourceURL", verb)
		}
	}
	for _, u := range urls {
		switch {
		case u == "*":
		case !strings.HasPrefix(u, "/"):
			return errors.New("nonResourceURL should start with /")
		case strings.Contains(u[:len(u)-1], "*"):
			return errors.New("nonResourceURL only supports wildcard matches when '*' is at the end")
		}
	}
	return nil
}

// unique keeps the first of equal words.
func unique(words []string) []string {
	var kept []string
	for _, w := range words {
		if !slices.Contains(kept, w) {
			kept = append(kept, w)
		}
	}
	return kept
}

const rbacGroup = "rbac.authorization.k8s.io"

// bindingFlags say who gets which role.
type bindingFlags struct {
	clusterRole, role       string
	users, groups, accounts []string
}

func (b *bindingFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.clusterRole, "clusterrole", "", "ClusterRole this "+cmd.Name()+" should reference")
	// The global --user names a user of the kubeconfig; here it is who gets the role.
	cmd.Flags().StringArrayVar(&b.users, "user", nil, "Usernames to bind to the role. The flag can be repeated to add multiple users.")
	cmd.Flags().StringArrayVar(&b.groups, "group", nil, "Groups to bind to the role. The flag can be repeated to add multiple groups.")
	cmd.Flags().StringArrayVar(&b.accounts, "serviceaccount", nil, "Service accounts to bind to the role, in the format <namespace>:<name>. The flag can be repeated to add multiple service accounts.")
}

func (b *bindingFlags) subjects() ([]api.Subject, error) {
	var all []api.Subject
	for _, name := range b.users {
		all = append(all, api.Subject{Kind: "User", APIGroup: rbacGroup, Name: name})
	}
	for _, name := range b.groups {
		all = append(all, api.Subject{Kind: "Group", APIGroup: rbacGroup, Name: name})
	}
	for _, account := range b.accounts {
		namespace, name, ok := strings.Cut(account, ":")
		if !ok || namespace == "" || name == "" || strings.Contains(name, ":") {
			return nil, errors.New("serviceaccount must be <namespace>:<name>")
		}
		all = append(all, api.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: name})
	}
	return all, nil
}

func newCreateRoleBinding(s *session) *cobra.Command {
	var o createOptions
	var b bindingFlags
	cmd := &cobra.Command{
		Use:   "rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
		Short: "Create a role binding for a particular role or cluster role", Args: exactlyOneName,
		Example: "  kubectl-lite create rolebinding admins --clusterrole=admin --user=ann --serviceaccount=ci:deployer",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (b.clusterRole == "") == (b.role == "") {
				return errors.New("exactly one of clusterrole or role must be specified")
			}
			subjects, err := b.subjects()
			if err != nil {
				return err
			}
			ref := api.RoleRef{APIGroup: rbacGroup, Kind: "Role", Name: b.role}
			if b.role == "" {
				ref.Kind, ref.Name = "ClusterRole", b.clusterRole
			}
			return s.createTyped(cmd.Context(), &o, &api.RoleBinding{ObjectMeta: api.ObjectMeta{Name: args[0]}, RoleRef: ref, Subjects: subjects})
		},
	}
	o.add(cmd)
	b.add(cmd)
	cmd.Flags().StringVar(&b.role, "role", "", "Role this RoleBinding should reference")
	return cmd
}

func newCreateClusterRoleBinding(s *session) *cobra.Command {
	var o createOptions
	var b bindingFlags
	cmd := &cobra.Command{
		Use:   "clusterrolebinding NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
		Short: "Create a cluster role binding for a particular cluster role", Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			subjects, err := b.subjects()
			if err != nil {
				return err
			}
			return s.createTyped(cmd.Context(), &o, &api.ClusterRoleBinding{
				ObjectMeta: api.ObjectMeta{Name: args[0]}, Subjects: subjects, RoleRef: api.RoleRef{APIGroup: rbacGroup, Kind: "ClusterRole", Name: b.clusterRole},
			})
		},
	}
	o.add(cmd)
	b.add(cmd)
	required(cmd, "clusterrole")
	return cmd
}
