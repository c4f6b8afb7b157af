package kubectllite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newCreateQuota(s *session) *cobra.Command {
	var o createOptions
	var hard, scopes string
	cmd := &cobra.Command{
		Use: "quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]", Aliases: []string{"resourcequota"},
		Short: "Create a quota with the specified name", Args: exactlyOneName,
		Example: "  kubectl-lite create quota small --hard=cpu=1,memory=1G,pods=2",
		RunE: func(cmd *cobra.Command, args []string) error {
			amounts, err := parseResourceList(hard)
			if err != nil {
				return err
			}
			quota := &api.ResourceQuota{ObjectMeta: api.ObjectMeta{Name: args[0]}, Spec: api.ResourceQuotaSpec{Hard: amounts}}
			if scopes != "" {
				for scope := range strings.SplitSeq(scopes, ",") {
					quota.Spec.Scopes = append(quota.Spec.Scopes, api.ResourceQuotaScope(scope))
				}
			}
			return s.createTyped(cmd.Context(), &o, quota)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&hard, "hard", "", "A comma-delimited set of resource=quantity pairs that define a hard limit.")
	cmd.Flags().StringVar(&scopes, "scopes", "", "A comma-delimited set of quota scopes that must all match each object tracked by the quota.")
	return cmd
}

func parseResourceList(text string) (api.ResourceList, error) {
	if text == "" {
		return nil, nil
	}
	list := api.ResourceList{}
	for part := range strings.SplitSeq(text, ",") {
		name, amount, ok := strings.Cut(part, "=")
		if !ok || strings.Contains(amount, "=") {
			return nil, fmt.Errorf("Invalid argument syntax %v, expected <resource>=<value>", part)
		}
		quantity, err := api.ParseQuantity(amount)
		if err != nil {
			return nil, err
		}
		list[api.ResourceName(name)] = quantity
	}
	return list, nil
}

func newCreatePriorityClass(s *session) *cobra.Command {
	var o createOptions
	class := &api.PriorityClass{}
	var preemption string
	cmd := &cobra.Command{
		Use: "priorityclass NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]", Aliases: []string{"pc"},
		Short: "Create a priority class with the specified name", Args: exactlyOneName,
		Example: "  kubectl-lite create priorityclass high --value=1000 --description='before the others'",
		RunE: func(cmd *cobra.Command, args []string) error {
			class.Name = args[0]
			class.PreemptionPolicy = api.Ptr(api.PreemptionPolicy(preemption))
			return s.createTyped(cmd.Context(), &o, class)
		},
	}
	o.add(cmd)
	cmd.Flags().Int32Var(&class.Value, "value", 0, "the value of this priority class.")
	cmd.Flags().BoolVar(&class.GlobalDefault, "global-default", false, "global-default specifies whether this PriorityClass should be considered as the default priority.")
	cmd.Flags().StringVar(&class.Description, "description", "", "description is an arbitrary string that usually provides guidelines on when this priority class should be used.")
	cmd.Flags().StringVar(&preemption, "preemption-policy", "PreemptLowerPriority", "preemption-policy is the policy for preempting pods with lower priority.")
	return cmd
}

func newCreateDisruptionBudget(s *session) *cobra.Command {
	var o createOptions
	var selector, available, unavailable string
	cmd := &cobra.Command{
		Use: "poddisruptionbudget NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]", Aliases: []string{"pdb"},
		Short: "Create a pod disruption budget with the specified name", Args: exactlyOneName,
		Example: "  kubectl-lite create pdb web --selector=app=web --min-available=50%",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case selector == "":
				return errors.New("a selector must be specified")
			case available == "" && unavailable == "":
				return errors.New("one of min-available or max-unavailable must be specified")
			case available != "" && unavailable != "":
				return errors.New("min-available and max-unavailable cannot be both specified")
			}
			labels, err := parseEqualities(selector)
			if err != nil {
				return err
			}
			budget := &api.PodDisruptionBudget{ObjectMeta: api.ObjectMeta{Name: args[0]}}
			budget.Spec.Selector = &api.LabelSelector{MatchLabels: map[string]string{}}
			for key, value := range labels {
				budget.Spec.Selector.MatchLabels[key] = fmt.Sprint(value)
			}
			if available != "" {
				budget.Spec.MinAvailable = api.Ptr(api.ParseIntOrString(available))
			} else {
				budget.Spec.MaxUnavailable = api.Ptr(api.ParseIntOrString(unavailable))
			}
			return s.createTyped(cmd.Context(), &o, budget)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&selector, "selector", "", "A label selector to use for this budget. Only equality-based selector requirements are supported.")
	cmd.Flags().StringVar(&available, "min-available", "", "The minimum number or percentage of available pods this budget requires.")
	cmd.Flags().StringVar(&unavailable, "max-unavailable", "", "The maximum number or percentage of unavailable pods this budget requires.")
	return cmd
}
