package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// autoscaleOptions are the flags of autoscale.
type autoscaleOptions struct {
	createOptions
	name          string
	min, max      int32
	cpuPercent    int32
	cpu, memory   string
	metricsTarget []api.MetricSpec
}

func newAutoscale(s *session) *cobra.Command {
	var o autoscaleOptions
	cmd := &cobra.Command{
		Use:               "autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
		Short:             "Auto-scale a deployment, replica set, stateful set, or replication controller",
		Example:           "  kubectl-lite autoscale deployment web --min=2 --max=10 --cpu=80%",
		ValidArgsFunction: s.completeObjects(),
		RunE:              func(cmd *cobra.Command, args []string) error { return s.autoscale(cmd.Context(), &o, args) },
	}
	o.changeFlags.add(cmd, "kubectl-autoscale")
	o.files.add(cmd, "identifying the resource to autoscale.")
	f := cmd.Flags()
	f.BoolVar(&o.saveConfig, "save-config", false, "Save the configuration in the object's annotation, for a later apply")
	f.StringVar(&o.name, "name", "", "The name for the newly created object. If not specified, the name of the input resource will be used.")
	f.Int32Var(&o.min, "min", -1, "The lower limit for the number of pods that can be set by the autoscaler. If it's not specified or negative, the server will apply a default value.")
	f.Int32Var(&o.max, "max", -1, "The upper limit for the number of pods that can be set by the autoscaler. Required.")
	f.Int32Var(&o.cpuPercent, "cpu-percent", -1, "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. If it's not specified or negative, a default autoscaling policy will be used.")
	f.StringVar(&o.cpu, "cpu", "", "Target CPU utilization over all the pods: a percentage of what is requested (\"70%\"), or an average quantity (\"500m\")")
	f.StringVar(&o.memory, "memory", "", "Target memory utilization over all the pods: a percentage of what is requested (\"60%\"), or an average quantity (\"200Mi\")")
	_ = f.MarkHidden("cpu-percent") // it fails only for a flag that does not exist
	required(cmd, "max")
	return cmd
}

func (s *session) autoscale(ctx context.Context, o *autoscaleOptions, args []string) error {
	if o.cpuPercent != -1 {
		fmt.Fprintln(s.Err, "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).")
	}
	switch {
	case o.max < 1:
		return fmt.Errorf("--max=MAXPODS is required and must be at least 1, max: %d", o.max)
	case o.max < o.min:
		return fmt.Errorf("--max=MAXPODS must be larger or equal to --min=MINPODS, max: %d, min: %d", o.max, o.min)
	case o.cpuPercent > 0 && o.cpu != "":
		return errors.New("--cpu-percent and --cpu are mutually exclusive")
	}
	if err := o.targets(); err != nil {
		return err
	}
	found, err := s.selectObjects(ctx, &selection{files: o.files}, args, !o.files.given())
	errs := []error{err}
	if len(found) == 0 && err == nil {
		return errors.New("no objects passed to autoscale")
	}
	for _, m := range found {
		errs = append(errs, s.autoscaleOne(ctx, o, &m))
	}
	return errors.Join(errs...)
}

// targets reads what each metric should be on average.
func (o *autoscaleOptions) targets() error {
	if o.cpuPercent > 0 {
		o.cpu = fmt.Sprintf("%d%%", o.cpuPercent)
	}
	for _, one := range []struct {
		name       api.ResourceName
		text, unit string
	}{{api.ResourceCPU, o.cpu, "m"}, {api.ResourceMemory, o.memory, "Mi"}} {
		if one.text == "" {
			continue
		}
		source := &api.ResourceMetricSource{Name: one.name}
		if percent, isPercent := strings.CutSuffix(one.text, "%"); isPercent {
			n, err := strconv.ParseInt(percent, 10, 32)
			if err != nil || n < 0 {
				return fmt.Errorf("invalid %s percentage: %q", strings.ToUpper(string(one.name)), one.text)
			}
			source.Target = api.MetricTarget{Type: api.UtilizationMetricType, AverageUtilization: api.Ptr(int32(n))}
		} else {
			text := one.text
			if _, err := strconv.Atoi(text); err == nil {
				text += one.unit // a bare number counts thousandths of a CPU, or mebibytes
			}
			quantity, err := api.ParseQuantity(text)
			if err != nil {
				return fmt.Errorf("invalid %s quantity: %q", one.name, one.text)
			}
			source.Target = api.MetricTarget{Type: api.AverageValueMetricType, AverageValue: &quantity}
		}
		o.metricsTarget = append(o.metricsTarget, api.MetricSpec{Type: api.ResourceMetricSourceType, Resource: source})
	}
	return nil
}

func (s *session) autoscaleOne(ctx context.Context, o *autoscaleOptions, m *manifest) error {
	if !slices.Contains(m.resource.Subresources, "scale") {
		return fmt.Errorf("cannot autoscale a %s: could not find scale subresource for %s/%s, Resource=%s in discovery information", m.resource.Kind, m.resource.Group, m.resource.Version, m.resource.Plural)
	}
	hpa := &api.HorizontalPodAutoscaler{ObjectMeta: api.ObjectMeta{Name: o.name}}
	if o.name == "" {
		hpa.Name = m.object.name()
	}
	hpa.Spec.ScaleTargetRef = api.CrossVersionObjectReference{APIVersion: m.resource.APIVersion(), Kind: m.resource.Kind, Name: m.object.name()}
	hpa.Spec.MaxReplicas, hpa.Spec.Metrics = o.max, o.metricsTarget
	if o.min > 0 {
		hpa.Spec.MinReplicas = &o.min
	}
	done := "autoscaled"
	if o.dryRun == "client" {
		done = "created"
	}
	return s.createTypedAs(ctx, &o.createOptions, hpa, done, "")
}
