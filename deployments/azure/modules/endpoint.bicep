// What watches one online endpoint: errors and latency as its callers meet them, and each slot's load.
param workspaceName string
param endpointName string
param tags object
param peopleId string
param maxErrorsPerMinute int
param maxLatencyMs int
param location string
param slots array
param minInstances int
param maxInstances int

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' existing = {
  name: workspaceName
}

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' existing = {
  parent: workspace
  name: endpointName
}

resource errors 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${workspaceName}-${endpointName}-errors'
  location: 'global'
  tags: tags
  properties: {
    description: 'The endpoint answers with errors of its own (5xx).'
    enabled: true
    severity: 1
    scopes: [endpoint.id]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'errors'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'RequestsPerMinute'
          metricNamespace: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints'
          operator: 'GreaterThan'
          threshold: maxErrorsPerMinute
          timeAggregation: 'Average'
          dimensions: [
            {
              name: 'statusCodeClass'
              operator: 'Include'
              values: ['5xx']
            }
          ]
        }
      ]
    }
    actions: [
      { actionGroupId: peopleId }
    ]
  }
}

resource latency 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${workspaceName}-${endpointName}-latency'
  location: 'global'
  tags: tags
  properties: {
    description: 'One answer in twenty takes longer than agreed.'
    enabled: true
    severity: 2
    scopes: [endpoint.id]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'latency'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'RequestLatency_P95'
          metricNamespace: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints'
          operator: 'GreaterThan'
          threshold: maxLatencyMs
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      { actionGroupId: peopleId }
    ]
  }
}

module watches 'slot.bicep' = [for slot in slots: {
  name: 'watch-${endpointName}-${slot}'
  params: {
    workspaceName: workspaceName
    endpointName: endpointName
    slot: slot
    location: location
    tags: tags
    peopleId: peopleId
    minInstances: minInstances
    maxInstances: maxInstances
  }
}]
