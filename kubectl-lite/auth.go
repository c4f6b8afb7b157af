package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

func newAuth(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "auth", Short: "Inspect authorization", RunE: needsSubcommand}
	cmd.AddCommand(newCanI(s), newWhoAmI(s))
	return cmd
}

// canIOptions are the flags of auth can-i.
type canIOptions struct {
	allNamespaces, quiet, list, noHeaders bool
	subresource                           string
}

func newCanI(s *session) *cobra.Command {
	var o canIOptions
	cmd := &cobra.Command{
		Use: "can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]", Short: "Check whether an action is allowed",
		ValidArgsFunction: s.completeQuestion,
		Example: `  kubectl-lite auth can-i create pods -n shop
  kubectl-lite auth can-i get secrets --as=system:serviceaccount:shop:robot
  kubectl-lite auth can-i --list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return s.listPermissions(cmd.Context(), &o, args)
			}
			return s.canI(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "If true, check the specified action in all namespaces.")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "If true, suppress output and just return the exit code.")
	f.StringVar(&o.subresource, "subresource", "", "SubResource such as pod/log or deployment/scale")
	f.BoolVar(&o.list, "list", false, "If true, prints all allowed actions.")
	f.BoolVar(&o.noHeaders, "no-headers", false, "If true, prints allowed actions without headers")
	return cmd
}

// canI asks the server. No is an answer and not an error: it is the exit code 1.
func (s *session) canI(ctx context.Context, o *canIOptions, args []string) error {
	if len(args) != 2 {
		return errors.New("you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl-lite auth can-i -h' for help and examples.")
	}
	if _, err := s.connect(); err != nil {
		return err
	}
	verb := args[0]
	spec := api.SelfSubjectAccessReviewSpec{}
	if strings.HasPrefix(args[1], "/") {
		if o.subresource != "" {
			return errors.New("--subresource can not be used with NonResourceURL")
		}
		if !slices.Contains([]string{"get", "put", "post", "head", "options", "delete", "patch", "*"}, verb) {
			fmt.Fprintf(s.Err, "Warning: verb '%s' is not a known verb\n\n", verb)
		}
		spec.NonResourceAttributes = &api.NonResourceAttributes{Verb: verb, Path: args[1]}
	} else {
		spec.ResourceAttributes = s.resourceToAskFor(ctx, o, verb, args[1])
	}
	if o.noHeaders {
		return errors.New("--no-headers cannot be set without --list specified")
	}
	review := &api.SelfSubjectAccessReview{Spec: spec}
	if err := s.review(ctx, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review); err != nil {
		return err
	}
	out := s.Out
	if o.quiet {
		out = io.Discard
	}
	if review.Status.Allowed {
		fmt.Fprintln(out, "yes")
		return nil
	}
	fmt.Fprint(out, "no")
	for _, why := range []string{review.Status.Reason, review.Status.EvaluationError} {
		if why != "" {
			fmt.Fprintf(out, " - %v", why)
		}
	}
	fmt.Fprintln(out)
	return &exitError{code: 1}
}

// resourceToAskFor names a resource, and warns of what is probably not meant.
func (s *session) resourceToAskFor(ctx context.Context, o *canIOptions, verb, word string) *api.ResourceAttributes {
	word, name, _ := strings.Cut(word, "/")
	asked := &api.ResourceAttributes{Verb: verb, Resource: word, Subresource: o.subresource, Name: name}
	if !o.allNamespaces {
		asked.Namespace = s.namespace()
	}
	if word == "*" {
		return asked
	}
	r, err := s.resource(ctx, word)
	lower := strings.ToLower(word)
	plural, group, hasGroup := strings.Cut(lower, ".")
	switch {
	case err != nil && slices.Contains([]string{"users", "groups", "userextras.authentication.k8s.io"}, lower):
	case err != nil && hasGroup:
		fmt.Fprintf(s.Err, "Warning: the server doesn't have a resource type '%s' in group '%s'\n\n", plural, group)
	case err != nil:
		fmt.Fprintf(s.Err, "Warning: the server doesn't have a resource type '%s'\n\n", lower)
	default:
		asked.Resource, asked.Group = r.Plural, r.Group
		if !r.Namespaced && !o.allNamespaces {
			in := ""
			if r.Group != "" {
				in = fmt.Sprintf(" in group '%s'", r.Group)
			}
			fmt.Fprintf(s.Err, "Warning: resource '%s' is not namespace scoped%s\n\n", r.Plural, in)
		}
	}
	if !o.allNamespaces && !slices.Contains(append(resourceVerbs, "approve", "sign", "attest", "impersonate-on"), verb) {
		fmt.Fprintf(s.Err, "Warning: verb '%s' is not a known verb\n\n", verb)
	}
	return asked
}

// review posts a question and reads the answer into it.
func (s *session) review(ctx context.Context, path string, question api.Object) error {
	api.SetTypeMeta(question)
	body, err := api.MarshalJSON(question)
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body})
	if err != nil {
		return err
	}
	return api.UnmarshalJSON(resp.Body, question)
}

// listPermissions prints all that the user may do in the namespace.
func (s *session) listPermissions(ctx context.Context, o *canIOptions, args []string) error {
	if len(args) != 0 {
		return errors.New("list option must be specified with no arguments")
	}
	if o.quiet || o.allNamespaces || o.subresource != "" {
		return errors.New("list option can't be specified with neither quiet, all-namespaces nor subresource options")
	}
	if _, err := s.connect(); err != nil {
		return err
	}
	review := &api.SelfSubjectRulesReview{Spec: api.SelfSubjectRulesReviewSpec{Namespace: s.namespace()}}
	if err := s.review(ctx, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review); err != nil {
		return err
	}
	if review.Status.Incomplete {
		fmt.Fprintf(s.Err, "Warning: the list may be incomplete: %v\n", review.Status.EvaluationError)
	}
	var rows [][]string
	if !o.noHeaders {
		rows = append(rows, []string{"Resources", "Non-Resource URLs", "Resource Names", "Verbs"})
	}
	for _, r := range compactRules(rulesGranted(&review.Status)) {
		rows = append(rows, []string{resourceInGroup(r), listText(r.NonResourceURLs), listText(r.ResourceNames), listText(r.Verbs)})
	}
	(&columns{out: s.Out}).write(rows)
	return nil
}

func listText(words []string) string { return "[" + strings.Join(words, " ") + "]" }

func rulesGranted(status *api.SubjectRulesReviewStatus) []api.PolicyRule {
	var rules []api.PolicyRule
	for _, r := range status.ResourceRules {
		rules = append(rules, api.PolicyRule{Verbs: r.Verbs, APIGroups: r.APIGroups, Resources: r.Resources, ResourceNames: r.ResourceNames})
	}
	for _, r := range status.NonResourceRules {
		rules = append(rules, api.PolicyRule{Verbs: r.Verbs, NonResourceURLs: r.NonResourceURLs})
	}
	return rules
}

// resourceInGroup is "pods", "deployments.apps/scale", or "*.*".
func resourceInGroup(r api.PolicyRule) string {
	if len(r.Resources) == 0 {
		return ""
	}
	name, sub, hasSub := strings.Cut(r.Resources[0], "/")
	if len(r.APIGroups) > 0 && r.APIGroups[0] != "" {
		name += "." + r.APIGroups[0]
	}
	if hasSub {
		name += "/" + sub
	}
	return name
}

// compactRules takes rules apart into one resource or path each, puts those that differ in their verbs only together
// again, and sorts them.
func compactRules(rules []api.PolicyRule) []api.PolicyRule {
	var single []api.PolicyRule
	add := func(r api.PolicyRule) {
		same := func(o api.PolicyRule) bool {
			return slices.Equal(o.APIGroups, r.APIGroups) && slices.Equal(o.Resources, r.Resources) &&
				slices.Equal(o.ResourceNames, r.ResourceNames) && slices.Equal(o.NonResourceURLs, r.NonResourceURLs)
		}
		// With names it stays apart: upstream joins only rules that are about a resource and nothing else.
		if at := slices.IndexFunc(single, same); at >= 0 && len(r.Resources) > 0 && len(r.ResourceNames) <= 1 {
			single[at].Verbs = append(single[at].Verbs, r.Verbs...)
			return
		}
		r.Verbs = slices.Clone(r.Verbs)
		single = append(single, r)
	}
	for _, r := range rules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				if len(r.ResourceNames) == 0 {
					add(api.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: r.Verbs})
				}
				for _, name := range r.ResourceNames {
					add(api.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: []string{name}, Verbs: r.Verbs})
				}
			}
		}
		for _, url := range r.NonResourceURLs {
			for _, verb := range r.Verbs {
				add(api.PolicyRule{NonResourceURLs: []string{url}, Verbs: []string{verb}})
			}
		}
	}
	key := func(r api.PolicyRule) string {
		return fmt.Sprint(r.Verbs, r.APIGroups, r.Resources, r.ResourceNames, r.NonResourceURLs)
	}
	slices.SortStableFunc(single, func(a, b api.PolicyRule) int { return strings.Compare(key(a), key(b)) })
	return single
}

func newWhoAmI(s *session) *cobra.Command {
	var o printFlags
	cmd := &cobra.Command{
		Use: "whoami", Short: "Experimental: Check self subject attributes",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.printer(func(object) string { return "selfsubjectreview.authentication.k8s.io/" }, changeFormats)
			if err != nil {
				return err
			}
			review := &api.SelfSubjectReview{}
			err = s.review(cmd.Context(), "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
			switch {
			case api.IsForbidden(err):
				return errors.New("the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it")
			case api.IsNotFound(err):
				return errors.New("the selfsubjectreviews API is not enabled in the cluster")
			case err != nil:
				return err
			case p == nil:
				s.printUser(&review.Status.UserInfo)
				return nil
			}
			m, err := generated(review)
			if err != nil {
				return err
			}
			return p.print(s.Out, m.object)
		},
	}
	o.add(cmd)
	return cmd
}

func (s *session) printUser(user *api.UserInfo) {
	rows := [][]string{{"ATTRIBUTE", "VALUE"}}
	if user.Username != "" {
		rows = append(rows, []string{"Username", user.Username})
	}
	if user.UID != "" {
		rows = append(rows, []string{"UID", user.UID})
	}
	if len(user.Groups) > 0 {
		rows = append(rows, []string{"Groups", listText(user.Groups)})
	}
	for _, key := range sortedKeys(user.Extra) {
		rows = append(rows, []string{"Extra: " + key, listText(user.Extra[key])})
	}
	(&columns{out: s.Out}).write(rows)
}
