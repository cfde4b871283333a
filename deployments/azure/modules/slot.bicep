// What grows and shrinks one deployment (slot) of an endpoint with its load, and tells when it cannot.
param workspaceName string
param endpointName string
param slot string
param location string
param tags object
param peopleId string
param minInstances int
param maxInstances int

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' existing = {
  name: workspaceName
}

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' existing = {
  parent: workspace
  name: endpointName
}

resource deployment 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2024-10-01' existing = {
  parent: endpoint
  name: slot
}

resource scale 'Microsoft.Insights/autoscaleSettings@2022-10-01' = {
  name: '${workspaceName}-${endpointName}-${slot}'
  location: location
  tags: tags
  properties: {
    enabled: true
    targetResourceUri: deployment.id
    profiles: [
      {
        name: 'by-load'
        capacity: {
          minimum: string(minInstances)
          maximum: string(maxInstances)
          default: string(minInstances)
        }
        rules: [
          {
            metricTrigger: {
              metricName: 'CpuUtilizationPercentage'
              metricNamespace: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments'
              metricResourceUri: deployment.id
              timeGrain: 'PT1M'
              timeWindow: 'PT5M'
              statistic: 'Average'
              timeAggregation: 'Average'
              operator: 'GreaterThan'
              threshold: 70
            }
            scaleAction: {
              direction: 'Increase'
              type: 'ChangeCount'
              value: '1'
              cooldown: 'PT5M'
            }
          }
          {
            metricTrigger: {
              metricName: 'CpuUtilizationPercentage'
              metricNamespace: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments'
              metricResourceUri: deployment.id
              timeGrain: 'PT1M'
              timeWindow: 'PT15M'
              statistic: 'Average'
              timeAggregation: 'Average'
              operator: 'LessThan'
              threshold: 30
            }
            scaleAction: {
              direction: 'Decrease'
              type: 'ChangeCount'
              value: '1'
              cooldown: 'PT15M'
            }
          }
        ]
      }
    ]
  }
}

resource busy 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${workspaceName}-${endpointName}-${slot}-cpu'
  location: 'global'
  tags: tags
  properties: {
    description: 'The slot is busy although it may have grown: raise its maximum, or its size.'
    enabled: true
    severity: 2
    scopes: [deployment.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'cpu'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'CpuUtilizationPercentage'
          metricNamespace: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments'
          operator: 'GreaterThan'
          threshold: 85
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      { actionGroupId: peopleId }
    ]
  }
}
