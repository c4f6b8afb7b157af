package kubectllite

import (
	"context"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describeDisruptionBudget(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	pdb, err := typed[*api.PodDisruptionBudget](o)
	if err != nil {
		return err
	}
	sh.head(&pdb.ObjectMeta)
	if pdb.Spec.MinAvailable != nil {
		sh.line(0, "Min available:\t%s", pdb.Spec.MinAvailable.String())
	} else if pdb.Spec.MaxUnavailable != nil {
		sh.line(0, "Max unavailable:\t%s", pdb.Spec.MaxUnavailable.String())
	}
	selector := "<unset>"
	if pdb.Spec.Selector != nil {
		selector = api.FormatLabelSelector(pdb.Spec.Selector)
	}
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Status:")
	sh.line(2, "Allowed disruptions:\t%d", pdb.Status.DisruptionsAllowed)
	sh.line(2, "Current:\t%d", pdb.Status.CurrentHealthy)
	sh.line(2, "Desired:\t%d", pdb.Status.DesiredHealthy)
	sh.line(2, "Total:\t%d", pdb.Status.ExpectedPods)
	return nil
}

func describeQuota(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	quota, err := typed[*api.ResourceQuota](o)
	if err != nil {
		return err
	}
	sh.head(&quota.ObjectMeta)
	if len(quota.Spec.Scopes) > 0 {
		scopes := texts(quota.Spec.Scopes)
		slices.Sort(scopes)
		sh.line(0, "Scopes:\t%s", strings.Join(scopes, ", "))
	}
	sh.line(0, "Resource\tUsed\tHard")
	sh.line(0, "--------\t----\t----")
	for _, name := range sortedKeys(quota.Status.Hard) {
		hard, used := quota.Status.Hard[name], quota.Status.Used[name]
		sh.line(0, "%v\t%v\t%v", name, used.String(), hard.String())
	}
	return nil
}

func describeLimitRange(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	limits, err := typed[*api.LimitRange](o)
	if err != nil {
		return err
	}
	sh.head(&limits.ObjectMeta)
	sh.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio")
	sh.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------")
	limitLines(sh, "", limits)
	return nil
}

// limitLines writes a row for each bound.
func limitLines(sh *sheet, indent string, limits *api.LimitRange) {
	for _, item := range limits.Spec.Limits {
		lists := []api.ResourceList{item.Min, item.Max, item.DefaultRequest, item.Default, item.MaxLimitRequestRatio}
		names := map[api.ResourceName]bool{}
		for _, list := range lists {
			for name := range list {
				names[name] = true
			}
		}
		for _, name := range sortedKeys(names) {
			cells := []string{string(item.Type), string(name)}
			for _, list := range lists {
				cell := "-"
				if amount, ok := list[name]; ok {
					cell = amount.String()
				}
				cells = append(cells, cell)
			}
			sh.line(0, "%s%s", indent, strings.Join(cells, "\t"))
		}
	}
}

func describePriorityClass(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	class, err := typed[*api.PriorityClass](o)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", class.Name)
	sh.line(0, "Value:\t%v", class.Value)
	sh.line(0, "GlobalDefault:\t%v", class.GlobalDefault)
	sh.line(0, "PreemptionPolicy:\t%s", api.Deref(class.PreemptionPolicy, ""))
	sh.line(0, "Description:\t%s", class.Description)
	sh.line(0, "Annotations:\t%s", formatMap(class.Annotations))
	return nil
}
