package kubectllite

import (
	"errors"
	"fmt"
	"maps"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newCreateJob(s *session) *cobra.Command {
	var o createOptions
	var image, from string
	cmd := &cobra.Command{
		Use:     "job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
		Short:   "Create a job with the specified name",
		Example: "  kubectl-lite create job backup-now --from=cronjob/backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			name, command, err := nameAndCommand(cmd, args)
			if err != nil {
				return err
			}
			if (image == "") == (from == "") {
				return errors.New("either --image or --from must be specified")
			}
			if len(command) > 0 && from != "" {
				return errors.New("cannot specify --from and command")
			}
			job := &api.Job{ObjectMeta: api.ObjectMeta{Name: name}}
			if image != "" {
				job.Spec.Template.Spec = api.PodSpec{
					Containers: []api.Container{{Name: name, Image: image, Command: command}}, RestartPolicy: api.RestartPolicyNever,
				}
				return s.createTyped(cmd.Context(), &o, job)
			}
			found, err := s.selectObjects(cmd.Context(), &selection{}, []string{from}, true)
			if err != nil {
				return err
			}
			if len(found) != 1 {
				return errors.New("from must be an existing cronjob")
			}
			if found[0].resource.Resource() != "cronjobs.batch" {
				return fmt.Errorf("unknown object type *v1.%s", found[0].resource.Kind)
			}
			cron, err := typed[*api.CronJob](found[0].object)
			if err != nil {
				return err
			}
			jobOf(job, cron)
			return s.createTyped(cmd.Context(), &o, job)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&image, "image", "", "Image name to run.")
	cmd.Flags().StringVar(&from, "from", "", "The name of the resource to create a Job from (only CronJob is supported).")
	return cmd
}

// jobOf makes the job that a cron job would make now. The cron job owns it, so that it goes when that goes.
func jobOf(job *api.Job, cron *api.CronJob) {
	template := &cron.Spec.JobTemplate
	job.Annotations = map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}
	maps.Copy(job.Annotations, template.Annotations)
	job.Labels = template.Labels
	job.OwnerReferences = []api.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID, Controller: api.Ptr(true)}}
	job.Spec = template.Spec
}

func newCreateCronJob(s *session) *cobra.Command {
	var o createOptions
	var image, schedule, restart string
	cmd := &cobra.Command{
		Use: "cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]", Aliases: []string{"cj"},
		Short:   "Create a cron job with the specified name",
		Example: "  kubectl-lite create cronjob backup --image=backup:v1 --schedule='0 3 * * *'",
		RunE: func(cmd *cobra.Command, args []string) error {
			name, command, err := nameAndCommand(cmd, args)
			if err != nil {
				return err
			}
			if restart == "" {
				restart = "OnFailure"
			}
			cron := &api.CronJob{ObjectMeta: api.ObjectMeta{Name: name}}
			cron.Spec.Schedule = schedule
			cron.Spec.JobTemplate.Name = name
			cron.Spec.JobTemplate.Spec.Template.Spec = api.PodSpec{
				Containers: []api.Container{{Name: name, Image: image, Command: command}}, RestartPolicy: api.RestartPolicy(restart),
			}
			return s.createTyped(cmd.Context(), &o, cron)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&image, "image", "", "Image name to run.")
	cmd.Flags().StringVar(&schedule, "schedule", "", "A schedule in the Cron format the job should be run with.")
	cmd.Flags().StringVar(&restart, "restart", "", "job's restart policy. supported values: OnFailure, Never")
	required(cmd, "image", "schedule")
	return cmd
}

// required makes flags required; it fails only for a flag that does not exist.
func required(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = cmd.MarkFlagRequired(name)
	}
}
