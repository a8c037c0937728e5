import * as pulumi from "@pulumi/pulumi";

/** A resource of this project's own provider (`components/stores/provider`). Its value is a secret, whatever it is made from. */
export class StoresResource extends pulumi.CustomResource {
  constructor(type: string, name: string, args: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
    super(type, name, args, { ...opts, additionalSecretOutputs: ["value"] });
  }
}
