// The two header fields that every call of the Models API must carry beside its token. Without them
// the API refuses the call, whatever the token.

/** How a deployment names itself to the API. */
export interface SalesforceHeaderOptions {
  /** `x-sfdc-app-context`. */
  readonly appContext: string;
  /** `x-client-feature-id`. */
  readonly featureId: string;
}

/** The values that the vendor documents for connected apps. */
export const defaultSalesforceHeaderOptions: SalesforceHeaderOptions = {
  appContext: 'EinsteinGPT',
  featureId: 'ai-platform-models-connected-app',
};

/** The fields, ready for `HeaderList.of`. */
export function salesforceHeaders(
  options: SalesforceHeaderOptions = defaultSalesforceHeaderOptions,
): readonly (readonly [string, string])[] {
  return [
    ['x-sfdc-app-context', options.appContext],
    ['x-client-feature-id', options.featureId],
  ];
}
